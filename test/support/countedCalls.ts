/** Counts calls of the WebGPU API by wrapping its prototypes, between `start` and `stop`. */

export interface CallCounts {
  readonly dispatches: number;
  readonly copies: number;
  readonly clears: number;
  readonly passes: number;
  readonly encoders: number;
  /** Every createSomething but command encoders, by name. */
  readonly creates: Readonly<Record<string, number>>;
  readonly submits: number;
  readonly writes: number;
  readonly maps: number;
}

const WATCHED = {
  GPUDevice: /^create|^import/,
  GPUQueue: /^(submit|writeBuffer|writeTexture|copyExternal)/,
  GPUCommandEncoder: /^(beginComputePass|copy|clear|beginRender)/,
  GPUComputePassEncoder: /^dispatch/,
  GPUBuffer: /^mapAsync$/,
  GPUComputePipeline: /^getBindGroupLayout$/,
} as const;

/** Starts counting; the result stops it and tells the counts. Nothing else may use WebGPU meanwhile. */
export function countCalls(): () => CallCounts {
  const calls = new Map<string, number>();
  const restore: (() => void)[] = [];
  for (const [type, pattern] of Object.entries(WATCHED)) {
    const prototype = (globalThis as unknown as Record<string, { prototype: Record<string, unknown> }>)[type]!.prototype;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
      if (!pattern.test(name) || typeof descriptor.value !== "function") continue;
      const original = descriptor.value as (...args: unknown[]) => unknown;
      prototype[name] = function (this: unknown, ...args: unknown[]): unknown {
        calls.set(`${type}.${name}`, (calls.get(`${type}.${name}`) ?? 0) + 1);
        return original.apply(this, args);
      };
      restore.push(() => Object.defineProperty(prototype, name, descriptor));
    }
  }
  return () => {
    for (const one of restore) one();
    const sum = (pattern: RegExp): number => [...calls].reduce((total, [name, count]) => (pattern.test(name) ? total + count : total), 0);
    const creates = Object.fromEntries(
      [...calls].filter(([name]) => /^GPUDevice\.(create|import)|getBindGroupLayout/.test(name) && !name.endsWith("createCommandEncoder")),
    );
    return {
      dispatches: sum(/\.dispatchWorkgroups/),
      copies: sum(/^GPUCommandEncoder\.copy/),
      clears: sum(/\.clear/),
      passes: sum(/beginComputePass|beginRender/),
      encoders: sum(/createCommandEncoder$/),
      creates,
      submits: sum(/\.submit$/),
      writes: sum(/\.write/),
      maps: sum(/mapAsync$/),
    };
  };
}
