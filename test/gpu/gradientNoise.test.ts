/** Noise on the gradients: normal numbers over the whole range of words, the kernel against its reference, and runs that resume bit for bit. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { inverseNormal } from "../../src/core/normal.ts";
import type { Engine } from "../../src/engine.ts";
import { nn, open, optim, type TrainerOptions } from "../../src/index.ts";
import { gradientNoiseOp } from "../../src/ops/arena/gradientNoise.ts";
import { CHUNK } from "../../src/ops/arena/layout.ts";
import { libraryFor } from "../../src/ops/library.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { fillArena, stepWords } from "../support/arenaInputs.ts";
import { fewPoints } from "../support/fewPoints.ts";
import { spread } from "../support/float64.ts";
import { reportsOf } from "../support/oracleRun.ts";
import { expectNear, hardware, referenceOf, runKernel, software, testDevice, u32 } from "../support/runKernel.ts";

vi.setConfig({ testTimeout: 180_000 });

/** Half an ulp of 1. */
const EPSILON = 2 ** -24;

/** normal_from_bits of each word. */
async function normals(words: Uint32Array<ArrayBuffer>): Promise<Float32Array> {
  const device = await testDevice();
  const code = `alias F = f32; alias I = i32; alias U = u32;
${libraryFor("normal_from_bits")}
@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&words)) { words[id.x] = bitcast<u32>(normal_from_bits(words[id.x])); }
}`;
  const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const buffer = device.createBuffer({ size: words.byteLength, usage: STORAGE | COPY_DST | COPY_SRC });
  const staging = device.createBuffer({ size: words.byteLength, usage: COPY_DST | MAP_READ });
  device.queue.writeBuffer(buffer, 0, words);
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module: device.createShaderModule({ code }) } });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }));
  pass.dispatchWorkgroups(Math.ceil(words.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, words.byteLength);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const floats = new Float32Array(staging.getMappedRange().slice(0));
  for (const made of [buffer, staging]) made.destroy();
  return floats;
}

describe("normal_from_bits", () => {
  it("is Φ⁻¹ within 26 ε: both tails to their last word, the middle, and where its halves meet", async () => {
    const words: number[] = [];
    // From each end, from the middle, and from where |q| is 0.425.
    for (const place of [0, 2 ** 31, 0.075 * 2 ** 32, 0.925 * 2 ** 32, 2 ** 32 - 1])
      for (let power = 0; power < 31; power += 1 / 16)
        for (const word of [place + 2 ** power, place - 2 ** power, place]) if (word >= 0 && word < 2 ** 32) words.push(Math.floor(word));
    for (let index = 0; index < 4096; index++) words.push(index * 2 ** 20 + ((index * 2654435761) % 2 ** 20));
    const found = await normals(Uint32Array.from(words));
    for (const [index, word] of words.entries()) {
      const truth = inverseNormal((word + 0.5) / 2 ** 32);
      const off = Math.abs(found[index]! / truth - 1) / EPSILON;
      if (!(off <= 26)) expect.fail(`word ${word}: ${found[index]} for ${truth}, off by ${off} ε`);
    }
  });
});

const arena = layOutArena([
  { name: "a", role: "weight", shape: [9] },
  { name: "b", role: "bias", shape: [4099] },
  { name: "c", role: "weight", shape: [3] },
  { name: "d", role: "weight", shape: [5] },
]);
const noise = spread(arena.size, 3);
const gradients = fillArena(arena, (segment, index) => noise[index + segment]!);
const weights = fillArena(arena, (segment, index) => noise[index + 7 * segment + 11]!);
/** The third parameter is frozen. */
const frozen = Uint32Array.from(arena.chunks);
frozen[CHUNK.words * (arena.chunkCount - 2) + CHUNK.rateFactor] = 0;

describe("the kernel", () => {
  it.each([software, hardware])(
    "adds noise to all but what is frozen, and the penalty's gradient, for a $adapterClass adapter",
    async (target) => {
      for (const regularizer of [false, true]) {
        const step = stepWords({ noiseDeviation: 0.25, l2: 0.5, l1: 0.125, seed: 4_000_000_000, attemptedStep: 17 });
        const inputs = [gradients, u32(frozen), u32(arena.segmentTable), step, weights];
        const [actual] = await runKernel(gradientNoiseOp, inputs, { regularizer }, target);
        const [truth] = referenceOf(gradientNoiseOp, inputs, { regularizer });
        // Only the segments and the padding in their last fours are written.
        const written = new Set(
          arena.segments.flatMap(({ offset, size }) => Array.from({ length: Math.ceil(size / 4) * 4 }, (_, index) => offset + index)),
        );
        const kept = { shape: actual!.shape, data: actual!.data.map((value, index) => (written.has(index) ? value : 0)) };
        expectNear(kept, truth!, () => 40 * EPSILON, "noisy gradient");
        const { offset } = arena.segments[2]!;
        if (!regularizer)
          expect([...actual!.data.subarray(offset, offset + 3)]).toEqual([...Array.from(gradients.data).slice(offset, offset + 3)]);
      }
    },
  );
});

describe("a trainer", () => {
  let gpu: Engine;
  beforeAll(async () => {
    gpu = await open();
  });
  afterAll(() => gpu.dispose());

  const options = (more: Partial<TrainerOptions>): TrainerOptions => ({
    model: nn.sequential(nn.linear(3, 5), nn.tanh(), nn.linear(5, 2)),
    loss: nn.meanSquaredError(),
    batchSize: 4,
    seed: 5,
    optimizer: optim.sgd({ learningRate: 0.1 }),
    regularizer: optim.elasticNet({ l1: 0.01, l2: 0.1 }),
    ...more,
  });

  it("gets other noise at every step, from every seed, and the same again when it resumes", async () => {
    const gradientNoise = optim.gradientNoise({ eta: 0.1 });
    const whole = await gpu.train(options({ gradientNoise }));
    const expected = await reportsOf(whole, fewPoints, { steps: 6 });
    const first = await gpu.train(options({ gradientNoise }));
    await reportsOf(first, fewPoints, { steps: 3 });
    const file = await first.checkpoint();
    const second = await gpu.train(options({ gradientNoise }));
    await second.restore(file);
    expect(await reportsOf(second, fewPoints, { steps: 3 })).toEqual(expected.slice(3));
    expect(await second.checkpoint()).toEqual(await whole.checkpoint());

    const plain = await gpu.train(options({}));
    const [without] = await reportsOf(plain, fewPoints, { steps: 1 });
    expect(without!.loss).toBe(expected[0]!.loss);
    expect(without!.regularization).toBe(expected[0]!.regularization);
    // 32 numbers of variance 0.1: their norm is about 1.8, and it is nearly at right angles to any gradient.
    expect(expected[0]!.gradientNorm ** 2 - without!.gradientNorm ** 2).toBeGreaterThan(0.5);
    for (const trainer of [whole, first, second, plain]) trainer.dispose();
  });
});
