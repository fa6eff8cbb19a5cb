/** Whatever WebGPU reports reaches the caller as a FathomError, and nothing hangs: wrong calls, no memory, broken shaders, a device that is lost. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { openGpu } from "../../src/gpu/device.ts";
import { Pipelines } from "../../src/gpu/pipelines.ts";
import { type Dataset, FathomError, nn, open, optim } from "../../src/index.ts";
import { tanh } from "../../src/ops/unary.ts";
import { broadcastTo, copy } from "../../src/ops/views.ts";
import type { PlanKernel } from "../../src/plan/types.ts";
import { allowGpuErrors } from "../support/allowGpuErrors.ts";
import { kernelOf } from "../support/kernelOf.ts";

/** Longer than an error may take to be told: a hang fails here, and not at the test's own limit. */
const PATIENCE = 10_000;

async function refusal(promise: Promise<unknown>): Promise<FathomError> {
  const timeout = new Promise((resolve) => setTimeout(resolve, PATIENCE, "nothing happened"));
  const outcome = await Promise.race([
    promise.then(
      () => "it succeeded",
      (error: unknown) => error,
    ),
    timeout,
  ]);
  expect(outcome).toBeInstanceOf(FathomError);
  return outcome as FathomError;
}

let gpu: Engine;
beforeEach(async () => {
  gpu = await open();
});
afterEach(() => gpu.dispose());

describe("a wrong call of WebGPU", () => {
  it("that nobody watched is told by the next read, and by all after it", async () => {
    allowGpuErrors(/./);
    const x = gpu.tensor([1, 2]);
    await x.add(1).data();
    gpu.device.createBindGroup({
      layout: gpu.device.createBindGroupLayout({ entries: [] }),
      entries: [{ binding: 0, resource: { buffer: gpu.device.createBuffer({ size: 4, usage: 0x80 }) } }],
    });
    await settle(gpu.device);
    for (const read of [() => x.mul(2).data(), () => x.data(), () => gpu.settled()])
      expect((await refusal(read())).code).toBe("validation");
    expect(() => gpu.tensor([1])).toThrow(expect.objectContaining({ code: "validation" }));
  });

  it("within an evaluation is told by it, and leaves the engine whole", async () => {
    const y = gpu.tensor([1, 2]).add(1);
    const { device } = gpu;
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (buffers) => {
      device.queue.submit = submit;
      // A command buffer that is submitted a second time is an error.
      submit(buffers);
      submit(buffers);
    };
    expect((await refusal(y.data())).code).toBe("validation");
    expect([...(await y.data())]).toEqual([2, 3]);
  });
});

describe("no memory", () => {
  it("for a tensor past the GPU's limit says how much, and leaves the engine whole", async () => {
    const x = gpu.tensor([1]);
    const before = gpu.counters;
    const huge = gpu.wrap(copy(broadcastTo(x.node, [2 ** 15, 2 ** 15])));
    const error = await refusal(huge.data());
    expect(error.code).toBe("out-of-memory");
    expect(error.message).toMatch(/4294967296 bytes is over this GPU's limit of \d+.*smaller batch/);
    expect(() => gpu.state("huge", "f32", 2 ** 30)).toThrow(expect.objectContaining({ code: "out-of-memory" }));
    huge.dispose();
    expect({ ...gpu.counters, buffersCreated: 0, pipelines: 0 }).toEqual({ ...before, buffersCreated: 0, pipelines: 0 });
    expect(await x.add(1).item()).toBe(2);
  });

  it.each([
    ["its plan's memory", 0],
    ["its results", 1],
  ])("for %s is told by the evaluation, which can be tried again", async (_, scope) => {
    const x = gpu.tensor([1, 2, 3, 4], [2, 2]);
    const before = gpu.counters;
    const y = x.matmul(x).matmul(x);
    let call = 0;
    const { device } = gpu;
    const popErrorScope = device.popErrorScope.bind(device);
    // Pipelines are made first, one scope each; then two scopes, for validation and memory, at each of the two steps.
    const pipelines = 2;
    device.popErrorScope = async () => {
      const real = await popErrorScope();
      return call++ === pipelines + 2 * scope ? new GPUOutOfMemoryError("pretended") : real;
    };
    const error = await refusal(y.data());
    expect(error.code).toBe("out-of-memory");
    expect(error.message).toMatch(/no memory left: pretended.*smaller batch or model, or dispose of tensors/);
    device.popErrorScope = popErrorScope;
    expect([...(await y.data())]).toEqual([37, 54, 81, 118]);
    y.dispose();
    // What failed was given back: only the plan's own pool and its like stay.
    expect(gpu.counters.buffers - before.buffers).toBeLessThanOrEqual(2);
  });

  it("that is reported from elsewhere is told by the next read", async () => {
    allowGpuErrors(/pretended/);
    gpu.device.dispatchEvent(
      new GPUUncapturedErrorEvent("uncapturederror", { error: new GPUOutOfMemoryError("pretended"), cancelable: true }),
    );
    expect((await refusal(gpu.settled())).code).toBe("out-of-memory");
  });
});

describe("a shader that does not compile", () => {
  const head = "@group(0) @binding(0) var<storage, read_write> x: array<f32>;\noverride N: u32;\n@compute @workgroup_size(N)\n";
  const pipelines = async (): Promise<Pipelines> => new Pipelines(await openGpu({ device: gpu.device }));

  it("is named with its line and its source", async () => {
    const source = `${head}fn main() {\n  x[0] = missing;\n}`;
    const error = await refusal((await pipelines()).compile([kernelOf(source, { constants: { N: 1 } })]));
    expect(error.code).toBe("shader");
    expect(error.details).toMatchObject({ kernel: "broken", line: 5, source });
    expect(error.message).toMatch(/the kernel broken does not compile: line 5:\d+: [^\n]*missing/);
    expect(error.message).toContain("   5    x[0] = missing;");
  });

  it("is named too where only its constants or its bindings are wrong", async () => {
    const source = `${head}fn main() {\n  x[0] = 1.0;\n}`;
    for (const more of [{ constants: { N: 100_000 } }, { constants: { N: 1 }, access: ["read"] }] satisfies Partial<PlanKernel>[]) {
      const error = await refusal((await pipelines()).compile([kernelOf(source, more)]));
      expect(error).toMatchObject({ code: "shader", details: { kernel: "broken", source } });
      expect(error.message.split("\n")[0]!.length).toBeGreaterThan("the kernel broken does not compile: ".length + 10);
    }
    expect(await gpu.tensor([1]).add(1).item()).toBe(2);
  });

  it("keeps no other from compiling, and is tried anew", async () => {
    const source = `${head}fn main() {\n  x[0] = 1.0;\n}`;
    const made = await pipelines();
    await refusal(made.compile([kernelOf(source, { constants: { N: 1 } }), kernelOf("fn main(", { access: [] })]));
    expect(await made.compile([kernelOf(source, { constants: { N: 1 } })])).toHaveLength(1);
    expect(made.count).toBe(1);
    await refusal(made.compile([kernelOf("fn main(", { access: [] })]));
  });
});

describe("a device that is lost", () => {
  const dataset: Dataset = {
    name: "two points",
    sampleShape: [2],
    classes: 2,
    train: { count: 4, x: Float32Array.of(0, 1, 1, 0, 1, 1, 0, 0), xScale: 1, y: Int32Array.of(0, 1, 0, 1), yShape: [] },
    test: null,
  };
  const options = {
    model: nn.sequential(nn.linear(2, 4), nn.tanh(), nn.linear(4, 2)),
    loss: nn.softmaxCrossEntropy(),
    batchSize: 4,
    optimizer: optim.sgd({ learningRate: 0.1 }),
  };

  /**
   * Work under way when the device goes, and what begins only afterwards. Firefox tells of a loss only a while later, and lets what makes
   * nothing but pipelines and promises succeed until then; but no value is read.
   */
  const works: [string, (lose: () => void) => Promise<unknown>][] = [
    [
      "an evaluation",
      async (lose) => {
        const reading = gpu.tensor([1, 2]).add(1).data();
        lose();
        return reading;
      },
    ],
    [
      "a read of a value",
      async (lose) => {
        const x = await gpu.tensor([1, 2]).add(1).evaluate();
        const reading = x.data();
        await Promise.resolve();
        lose();
        return reading;
      },
    ],
    [
      "a read after a while",
      async (lose) => {
        const x = gpu.tensor([1, 2]);
        lose();
        await gpu.device.lost;
        return x.data();
      },
    ],
    [
      "compiling a function",
      async (lose) => {
        const x = gpu.tensor(new Float32Array(9), [3, 3]);
        const compiling = gpu.compile((x) => x!.matmul(x!).tanh(), [{ shape: [3, 3] }]);
        lose();
        return (await compiling).run(x)[0]!.data();
      },
    ],
    [
      "waiting for all that was submitted",
      async (lose) => {
        const x = gpu.tensor([1]);
        const waiting = gpu.settled();
        lose();
        await waiting;
        return x.data();
      },
    ],
    [
      "preparing a trainer",
      async (lose) => {
        const trainer = await gpu.train(options);
        const preparing = trainer.prepare(dataset);
        lose();
        return preparing;
      },
    ],
    [
      "a training run",
      async (lose) => {
        const trainer = await gpu.train(options);
        for await (const { step } of trainer.run(dataset, { steps: 100_000, every: 10 })) if (step === 20) lose();
      },
    ],
    [
      "evaluating a model",
      async (lose) => {
        const trainer = await gpu.train(options);
        const evaluating = trainer.evaluate(dataset.train, { sampleShape: [2] });
        lose();
        return evaluating;
      },
    ],
    [
      "saving",
      async (lose) => {
        const trainer = await gpu.train(options);
        await trainer.prepare(dataset);
        const saving = trainer.save();
        lose();
        return saving;
      },
    ],
  ];

  it.each(works)("during %s rejects with what happened and what to do", async (_, work) => {
    allowGpuErrors(/./);
    const error = await refusal(work(() => gpu.device.destroy()));
    expect(error.code).toBe("device-lost");
    expect(error.message).toMatch(/the GPU device was lost.*Open a new engine and restore from a checkpoint/);
  });

  it("makes every later call say so at once", async () => {
    allowGpuErrors(/./);
    const x = gpu.tensor([1, 2]);
    const compiled = await gpu.compile((a) => a!.add(1), [{ shape: [2] }]);
    gpu.device.destroy();
    await gpu.device.lost;
    const lost = expect.objectContaining({ code: "device-lost" });
    expect(() => gpu.tensor([1])).toThrow(lost);
    expect(() => compiled.run(x)).toThrow(lost);
    expect(() => gpu.state("s", "f32", 4)).toThrow(lost);
    await expect(gpu.train(options)).rejects.toEqual(lost);
    await expect(gpu.wrap(tanh(x.node)).data()).rejects.toEqual(lost);
  });
});

/** Until what was reported has been heard. */
async function settle(device: GPUDevice): Promise<void> {
  device.pushErrorScope("validation");
  await device.popErrorScope();
  await new Promise((resolve) => setTimeout(resolve, 0));
}
