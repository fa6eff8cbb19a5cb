/** The training loop against a simulated GPU: reports complete and in order, work in flight bounded by time, pause, single steps, abort. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Control } from "../../src/train/control.ts";
import { type Arrival, type LoopHost, MOST_READS, type Stretch, trainingLoop } from "../../src/train/loop.ts";

/** A GPU that takes a while for each step, and tells of it at its polls. Time is simulated; it goes on when the loop waits. */
class SimulatedGpu implements LoopHost {
  time = 0;
  readonly submits: { step: number; time: number; read: Stretch | null; inFlight: number }[] = [];
  settledCalls = 0;
  extraReads = 0;
  failAt = Number.POSITIVE_INFINITY;
  private free = 0;
  private readonly ring: number[];
  private readonly done: { at: number; resolve: () => void }[] = [];
  private readonly finished: number[] = [];
  private timer: NodeJS.Immediate;
  private readonly options: { stepMs: number; pollMs: number; encodeMs: number; slots: number };

  constructor(options: { stepMs: number; pollMs?: number; encodeMs?: number; slots?: number }) {
    // So little that the loop never pauses for the page: it would be taken for waiting.
    this.options = { pollMs: 0.01, encodeMs: 0.005, slots: 64, ...options };
    this.ring = new Array<number>(this.options.slots).fill(-1);
    const pump = (): void => {
      this.done.sort((a, b) => a.at - b.at);
      // All that one poll finds is told at once.
      const at = this.done[0]?.at;
      while (at !== undefined && this.done[0]?.at === at) {
        this.time = Math.max(this.time, at);
        this.done.shift()!.resolve();
      }
      this.timer = setImmediate(pump);
    };
    this.timer = setImmediate(pump);
  }

  stop(): void {
    clearImmediate(this.timer);
  }

  now(): number {
    return this.time;
  }

  throwIfFailed(): void {}

  private later<T>(value: T): Promise<T> {
    const { pollMs } = this.options;
    return new Promise((resolve) => this.done.push({ at: Math.ceil(this.free / pollMs) * pollMs, resolve: () => resolve(value) }));
  }

  private copy({ from, count }: Stretch): Uint32Array {
    const { slots } = this.options;
    expect(count).toBeGreaterThan(0);
    expect(Math.floor(from / slots), "a read does not wrap around the ring").toBe(Math.floor((from + count - 1) / slots));
    return Uint32Array.from({ length: count }, (_, index) => this.ring[(from + index) % slots]!);
  }

  submit(step: number, read: Stretch | null): Promise<Uint32Array> | undefined {
    this.time += this.options.encodeMs;
    this.free = Math.max(this.free, this.time) + this.options.stepMs;
    this.finished.push(this.free);
    this.submits.push({ step, time: this.time, read, inFlight: this.finished.filter((at) => at > this.time).length });
    this.ring[step % this.options.slots] = step;
    if (step === this.failAt) return Promise.reject(new Error("lost"));
    return read ? this.later(this.copy(read)) : undefined;
  }

  read(stretch: Stretch): Promise<Uint32Array> {
    this.extraReads++;
    return this.later(this.copy(stretch));
  }

  settled(): Promise<void> {
    this.settledCalls++;
    return this.later(undefined);
  }
}

let gpu: SimulatedGpu;
beforeEach(() => {
  gpu = new SimulatedGpu({ stepMs: 5 });
});
afterEach(() => gpu.stop());

const use = (options: ConstructorParameters<typeof SimulatedGpu>[0]): void => {
  gpu.stop();
  gpu = new SimulatedGpu(options);
};

async function run(
  options: { first?: number; steps: number; every?: number; slots?: number; control?: Control; signal?: AbortSignal },
  on: (step: number) => void | Promise<void> = () => {},
): Promise<number[]> {
  const steps: number[] = [];
  const loop = trainingLoop(gpu, { first: 0, every: 1, slots: 64, control: new Control(), signal: undefined, ...options });
  for await (const arrival of loop) {
    for (const step of stepsOf(arrival)) {
      steps.push(step);
      await on(step);
    }
  }
  return steps;
}

const stepsOf = ({ words, indices }: Arrival): number[] => indices.map((index) => words[index]!);
const monitored = (first: number, steps: number, every: number): number[] =>
  Array.from({ length: steps }, (_, index) => first + index).filter((step) => step % every === 0 || step === first + steps - 1);

describe("reports", () => {
  it.each([
    [0, 1, 1, 64],
    [0, 200, 1, 64],
    [0, 200, 7, 64],
    [3, 100, 7, 5],
    [0, 100, 1, 2],
    [61, 50, 20, 16],
    [0, 300, 1000, 64],
    [129, 64, 64, 64],
  ])("from step %i, %i steps, every %i, %i slots: complete and in order", async (first, steps, every, slots) => {
    use({ stepMs: 3, slots });
    expect(await run({ first, steps, every, slots })).toEqual(monitored(first, steps, every));
    expect(gpu.submits.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, index) => first + index));
    expect(gpu.extraReads).toBe(0);
  });

  it("are read in the submits of monitored steps only", async () => {
    for (const every of [1, 3, 20, 100]) {
      use({ stepMs: 2 });
      await run({ steps: 230, every });
      for (const { step, read } of gpu.submits)
        if (read) expect(step % every === 0 || step === 229, `every ${every}, step ${step}`).toBe(true);
    }
  });

  it("of fast steps share a read", async () => {
    use({ stepMs: 0.5 });
    await run({ steps: 1000 });
    // Once the pace is known, eight for 200 ms, which are 400 steps.
    expect(gpu.submits.slice(600).filter(({ read }) => read).length).toBeLessThan(16);
  });

  it("are never more than eight reads behind", async () => {
    use({ stepMs: 2, pollMs: 400, slots: 4 });
    const pending: number[] = [];
    let under = 0;
    const submit = gpu.submit.bind(gpu);
    gpu.submit = (step, read) => {
      const words = submit(step, read);
      if (words) pending.push(++under);
      void words?.then(() => under--);
      return words;
    };
    expect(await run({ steps: 300, slots: 4 })).toHaveLength(300);
    expect(Math.max(...pending)).toBe(MOST_READS);
  });

  it("of slow steps come at once", async () => {
    use({ stepMs: 80 });
    await run({ steps: 20 });
    expect(gpu.submits.filter(({ read }) => read).length).toBe(20);
  });
});

describe("work in flight", () => {
  it.each([
    [1, 0.01],
    [5, 0.01],
    [40, 0.01],
    [1, 100],
    [20, 100],
    [0.3, 130],
    [150, 100],
  ])("of %d ms steps, told every %d ms, keeps the GPU busy and stays near 200 ms", async (stepMs, pollMs) => {
    use({ stepMs, pollMs });
    const steps = Math.ceil(4000 / stepMs);
    await run({ steps, every: 50 });
    const settled = gpu.submits.slice(Math.floor(steps / 2));
    const most = Math.max(...settled.map(({ inFlight }) => inFlight * stepMs));
    expect(most).toBeLessThan(Math.max(320, 3 * stepMs));
    const seconds = (settled.at(-1)!.time - settled[0]!.time) / 1000;
    expect((settled.length * stepMs) / 1000 / seconds, "share of the time that the GPU works").toBeGreaterThan(0.9);
  });

  it("is not waited for once a step", async () => {
    use({ stepMs: 1, pollMs: 100 });
    await run({ steps: 1000, every: 1000 });
    expect(gpu.settledCalls).toBeLessThan(100);
  });
});

describe("control", () => {
  it("pauses with every report delivered, makes single steps, and goes on", async () => {
    const control = new Control();
    const seen: number[] = [];
    const done = run({ steps: 60, every: 10, control }, (step) => {
      seen.push(step);
      if (step === 20) control.pause();
    });
    await idle();
    const paused = gpu.submits.length;
    expect(paused).toBeGreaterThan(20);
    expect(paused).toBeLessThan(60);
    expect(seen).toEqual(monitored(0, paused, 10).filter((step) => step % 10 === 0));
    await idle();
    expect(gpu.submits.length).toBe(paused);
    control.letOneThrough();
    await idle();
    expect(gpu.submits.length).toBe(paused + 1);
    expect(seen.at(-1)).toBe(paused);
    control.resume();
    expect(await done).toEqual([...new Set([...monitored(0, 60, 10), paused])].sort((a, b) => a - b));
  });

  it("stops for its signal, after what was submitted has been reported", async () => {
    const abort = new AbortController();
    const seen: number[] = [];
    await expect(
      run({ steps: 1000, signal: abort.signal }, (step) => {
        seen.push(step);
        if (step === 30) abort.abort();
      }),
    ).rejects.toMatchObject({ code: "aborted" });
    expect(seen).toEqual(gpu.submits.map(({ step }) => step));
    expect(seen.length).toBeLessThan(1000);
  });

  it("stops for its signal while it is paused", async () => {
    const abort = new AbortController();
    const control = new Control();
    control.pause();
    const done = run({ steps: 10, control, signal: abort.signal });
    await idle();
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: "aborted" });
    expect(gpu.submits).toEqual([]);
  });

  it("throws what the GPU throws", async () => {
    gpu.failAt = 12;
    await expect(run({ steps: 100 })).rejects.toThrow("lost");
  });
});

/** Until the loop can do no more by itself. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 400; turn++) await new Promise((resolve) => setImmediate(resolve));
}
