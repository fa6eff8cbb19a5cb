/** Runs in the page, so it stands alone: times kernels round after round, so that what else the machine does falls on all of them alike. */

/** One kernel with its grid. Binding 0 and 1 are operands, the last one is the result. */
export interface KernelCase {
  readonly name: string;
  readonly code: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number];
  /** Elements of each binding. */
  readonly sizes: readonly number[];
  /** Dispatches in one pass, each after the one before it. */
  readonly repeats: number;
}

/** Milliseconds: to compile, for the first run, and for one dispatch after it. */
export interface KernelTime {
  readonly name: string;
  readonly compile: number;
  /** The first run; some drivers compile only then. */
  readonly first: number;
  readonly fastest: number;
  readonly median: number;
}

export async function measureInPage(cases: readonly KernelCase[], rounds: number): Promise<KernelTime[]> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("this browser has no WebGPU adapter");
  const features: GPUFeatureName[] = ["subgroups"];
  const device = await adapter.requestDevice({ requiredFeatures: features.filter((feature) => adapter.features.has(feature)) });
  const failures: string[] = [];
  device.onuncapturederror = ({ error }) => failures.push(error.message);

  const prepared = [];
  for (const { name, code, constants, workgroups, sizes, repeats } of cases) {
    const entries = sizes.map((_, binding) => ({
      binding,
      visibility: 4,
      buffer: { type: binding < 2 ? "read-only-storage" : "storage" } as const,
    }));
    const layout = device.createBindGroupLayout({ entries });
    const start = performance.now();
    const module = device.createShaderModule({ code });
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    const pipeline = await device.createComputePipelineAsync({
      layout: pipelineLayout,
      compute: { module, entryPoint: "main", constants: { ...constants } },
    });
    const compile = performance.now() - start;
    const buffers = sizes.map((size) => {
      const buffer = device.createBuffer({ size: size * 4, usage: GPUBufferUsage.STORAGE, mappedAtCreation: true });
      new Float32Array(buffer.getMappedRange()).forEach((_, at, values) => {
        values[at] = Math.sin(at * 1.7) / 8;
      });
      buffer.unmap();
      return buffer;
    });
    const group = device.createBindGroup({ layout, entries: buffers.map((resource, binding) => ({ binding, resource })) });
    const run = async (repeats: number): Promise<number> => {
      const begin = performance.now();
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      for (let repeat = 0; repeat < repeats; repeat++) pass.dispatchWorkgroups(...workgroups);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      return (performance.now() - begin) / repeats;
    };
    const first = await run(1);
    prepared.push({ name, compile, first, run: () => run(repeats), times: [] as number[] });
  }
  for (let round = 0; round < rounds; round++) for (const { run, times } of prepared) times.push(await run());
  if (failures.length > 0) throw new Error(failures[0]);
  device.destroy();
  return prepared.map(({ name, compile, first, times }) => {
    times.sort((one, other) => one - other);
    return { name, compile, first, fastest: times[0]!, median: times[times.length >> 1]! };
  });
}
