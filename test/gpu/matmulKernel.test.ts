/** The matmul kernels by themselves: every layout, awkward sizes, NaN in every word that must not be read, canaries after every output. */
import { beforeAll, expect, it } from "vitest";
import { specialize } from "../../src/gpu/specialize.ts";
import { type BatchAxis, chooseMatmul, type MatmulProblem, matmulDepth, type Tile } from "../../src/ops/matmulKernel.ts";
import { SHADERS } from "../../src/ops/shaders.ts";
import { partly, thorough } from "../support/thorough.ts";

const CANARY = 12345;
const CANARIES = 8;

let device: GPUDevice;
beforeAll(async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const features: GPUFeatureName[] = ["subgroups"];
  device = await adapter!.requestDevice({ requiredFeatures: features.filter((feature) => adapter!.features.has(feature)) });
});

/** Small reproducible numbers, no two alike. */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2 ** 31 - 1);
  };
}

interface Given extends MatmulProblem {
  /** Elements between two matrices of a batch that no operand may touch. */
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
  readonly biasValues: Float32Array<ArrayBuffer>;
}

const DEFAULTS = {
  batch: [],
  aTransposed: false,
  bTransposed: false,
  aOffset: 0,
  bOffset: 0,
  bias: false,
  rowSum: false,
  adapterClass: "software",
  subgroups: false,
} as const;

type Sizes = Partial<MatmulProblem> & Pick<MatmulProblem, "m" | "n" | "k">;

/** Fills in the pitches, and makes operands that are NaN wherever no element of the product lies. */
function given(sizes: Sizes): Given {
  const { m, n, k, batch = [], aTransposed = false, bTransposed = false } = sizes;
  const problem: MatmulProblem = { ...DEFAULTS, aPitch: aTransposed ? m : k, bPitch: bTransposed ? k : n, ...sizes };
  const random = noise(m * 7 + n * 11 + k * 13);
  const fill = (
    rows: number,
    columns: number,
    pitch: number,
    offset: number,
    stride: (axis: BatchAxis) => number,
  ): Float32Array<ArrayBuffer> => {
    const starts = batchIndices(batch).map((index) => offset + index.reduce((sum, at, axis) => sum + at * stride(batch[axis]!), 0));
    const values = new Float32Array(Math.max(...starts) + rows * pitch + 16).fill(Number.NaN);
    for (const start of starts)
      for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) values[start + row * pitch + column] = random();
    return values;
  };
  return {
    ...problem,
    a: fill(aTransposed ? k : m, aTransposed ? m : k, problem.aPitch, problem.aOffset, (axis) => axis.aStride),
    b: fill(bTransposed ? n : k, bTransposed ? k : n, problem.bPitch, problem.bOffset, (axis) => axis.bStride),
    biasValues: Float32Array.from({ length: n }, random),
  };
}

function batchIndices(batch: readonly BatchAxis[]): number[][] {
  let indices: number[][] = [[]];
  for (const { size } of batch) indices = indices.flatMap((index) => Array.from({ length: size }, (_, at) => [...index, at]));
  return indices;
}

/** Values, and for each the sum of the absolute terms, to which its rounding is proportional. */
interface Expected {
  readonly values: Float64Array;
  readonly magnitudes: Float64Array;
  readonly sums: Float64Array;
  readonly sumMagnitudes: Float64Array;
}

function expected(problem: Given): Expected {
  const { m, n, k, batch, a, b, aPitch, bPitch, aOffset, bOffset } = problem;
  const indices = batchIndices(batch);
  const size = indices.length * m;
  const result = {
    values: new Float64Array(size * n),
    magnitudes: new Float64Array(size * n),
    sums: new Float64Array(size),
    sumMagnitudes: new Float64Array(size),
  };
  for (const [at, index] of indices.entries()) {
    const aStart = index.reduce((sum, position, axis) => sum + position * batch[axis]!.aStride, aOffset);
    const bStart = index.reduce((sum, position, axis) => sum + position * batch[axis]!.bStride, bOffset);
    for (let row = 0; row < m; row++) {
      for (let inner = 0; inner < k; inner++) {
        const left = a[aStart + (problem.aTransposed ? inner * aPitch + row : row * aPitch + inner)]!;
        result.sums[at * m + row]! += left;
        result.sumMagnitudes[at * m + row]! += Math.abs(left);
        for (let column = 0; column < n; column++) {
          const term = left * b[bStart + (problem.bTransposed ? column * bPitch + inner : inner * bPitch + column)]!;
          const to = (at * m + row) * n + column;
          result.values[to]! += term;
          result.magnitudes[to]! += Math.abs(term);
        }
      }
    }
  }
  if (problem.bias)
    for (let to = 0; to < size * n; to++) {
      result.values[to]! += problem.biasValues[to % n]!;
      result.magnitudes[to]! += Math.abs(problem.biasValues[to % n]!);
    }
  return result;
}

/** Stands for what the planner generates. Adds to what is there, so that an element that is handed over twice is seen. */
function epilogueText(width: 1 | 4, binding: number): string {
  const type = width === 4 ? "vec4f" : "f32";
  const at = width === 4 ? "index / 4u" : "index";
  return `alias F = ${type};
@group(0) @binding(${binding}) var<storage, read_write> result: array<F>;
fn epilogue(index: u32, value: F) {
  result[${at}] += value;
}`;
}

async function run(problem: Given, tile: Tile | undefined): Promise<{ values: Float32Array; sums: Float32Array; shader: Tile["shader"] }> {
  const choice = chooseMatmul(problem, tile);
  const outputs = batchIndices(problem.batch).length * problem.m;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const buffer = (contents: Float32Array): GPUBuffer => {
    const made = device.createBuffer({ size: contents.byteLength, usage, mappedAtCreation: true });
    new Float32Array(made.getMappedRange()).set(contents);
    made.unmap();
    return made;
  };
  const withCanaries = (size: number): GPUBuffer =>
    buffer(Float32Array.from({ length: size + CANARIES }, (_, at) => (at < size ? 0 : CANARY)));
  const result = withCanaries(outputs * problem.n);
  const sums = withCanaries(outputs);
  const buffers = [
    buffer(problem.a),
    buffer(problem.b),
    ...(problem.bias ? [buffer(problem.biasValues)] : []),
    ...(problem.rowSum ? [sums] : []),
    result,
  ];
  const code = specialize(choice.shader, SHADERS[choice.shader]!, {
    ...choice.defines,
    EPILOGUE: epilogueText(choice.width, buffers.length - 1),
  });
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module, entryPoint: "main", constants: { ...choice.overrides } },
  });
  const entries = buffers.map((resource, binding) => ({ binding, resource }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.min(choice.workgroups, 65535), Math.ceil(choice.workgroups / 65535));
  pass.end();
  const staging = [result, sums].map((source) => {
    const copy = device.createBuffer({ size: source.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    encoder.copyBufferToBuffer(source, 0, copy, 0, source.size);
    return copy;
  });
  device.queue.submit([encoder.finish()]);
  const [values, rowSums] = await Promise.all(
    staging.map(async (copy) => {
      await copy.mapAsync(GPUMapMode.READ);
      return new Float32Array(copy.getMappedRange().slice(0));
    }),
  );
  for (const made of [...buffers, sums, ...staging]) made.destroy();
  return { values: values!, sums: rowSums!, shader: choice.shader };
}

function compare(what: string, actual: Float32Array, truth: Float64Array, magnitudes: Float64Array, depth: number): void {
  for (let at = 0; at < truth.length; at++) {
    const tolerance = 4 * 2 ** -23 * depth * magnitudes[at]!;
    if (!(Math.abs(actual[at]! - truth[at]!) <= tolerance)) expect.fail(`${what}[${at}] is ${actual[at]}, not ${truth[at]} ± ${tolerance}`);
  }
  expect([...actual.subarray(truth.length)], `canaries after ${what}`).toEqual(new Array(CANARIES).fill(CANARY));
}

const canRun = (tile: Tile): boolean => tile.shader !== "matmul_register" || !tile.quads || device.features.has("subgroups");

async function check(sizes: Sizes, tile?: Tile): Promise<void> {
  if (tile && !canRun(tile)) return;
  const problem = given(sizes);
  const { values, sums, shader } = await run(problem, tile);
  const truth = expected(problem);
  const what = `${shader} ${JSON.stringify(sizes)} ${JSON.stringify(tile)}`;
  const depth = matmulDepth(problem.k, shader);
  compare(`${what} C`, values, truth.values, truth.magnitudes, depth);
  if (problem.rowSum) compare(`${what} row sum`, sums, truth.sums, truth.sumMagnitudes, depth);
}

const DIMENSIONS = [1, 2, 3, 7, 10, 63, 64, 65, 130];
const LAYOUTS = [
  { name: "A · B", aTransposed: false, bTransposed: false },
  { name: "A · Bᵀ", aTransposed: false, bTransposed: true },
  { name: "Aᵀ · B", aTransposed: true, bTransposed: false },
  { name: "Aᵀ · Bᵀ", aTransposed: true, bTransposed: true },
] as const;

/** Each size three times at each place, in changing company. */
const TRIPLES = DIMENSIONS.flatMap((m, i) => {
  const other = (step: number): number => DIMENSIONS[(i + step) % DIMENSIONS.length]!;
  return [
    { m, n: other(1), k: other(5) },
    { m, n: other(4), k: other(0) },
    { m, n: other(8), k: other(7) },
  ];
});

const TILES: readonly Tile[] = [
  { shader: "matmul_register", rows: 8, quads: false, group: [2, 4] },
  { shader: "matmul_register", rows: 16, quads: false, group: [8, 8] },
  { shader: "matmul_register", rows: 8, quads: true, group: [8, 2] },
  { shader: "matmul_register", rows: 16, quads: true, group: [4, 2] },
  { shader: "matmul_register", rows: 32, quads: true, group: [4, 1] },
  { shader: "matmul_small", group: [3, 4] },
  { shader: "matmul_tiled", span: 32 },
  { shader: "matmul_tiled", span: 64 },
];
/** One tile of each kind of text. */
const FEW_TILES = [TILES[0]!, TILES[3]!, TILES[5]!, TILES[6]!];

it.each(LAYOUTS)("multiplies $name at awkward sizes", { timeout: 180_000 }, async ({ name, aTransposed, bTransposed }) => {
  const layout = LAYOUTS.findIndex(({ name: other }) => other === name);
  const cases = TRIPLES.map((sizes, index) => {
    const at = index % 9;
    return { sizes, tile: ((index - at) / 9 + at + layout) % TILES.length, bias: at % 2 === 0, rowSum: at % 3 !== 0 };
  });
  // Where it is not all, every tile has each layout, and over the layouts each of its texts: with and without bias and row sums.
  const some = partly(cases, ({ tile }) => tile, layout).map(({ sizes, tile }) => {
    const text = tile + layout;
    return { sizes, tile, bias: text % 2 === 0, rowSum: text % 4 < 2 };
  });
  const chosen = thorough ? cases : some;
  // Nine at a time are compiled side by side.
  for (let first = 0; first < chosen.length; first += 9)
    await Promise.all(
      chosen
        .slice(first, first + 9)
        .map(({ sizes, tile, bias, rowSum }) => check({ ...sizes, aTransposed, bTransposed, bias, rowSum }, TILES[tile])),
    );
});

it.each(LAYOUTS)("multiplies $name in views: wide pitch, offset", { timeout: 60_000 }, async ({ name, aTransposed, bTransposed }) => {
  const views: [Sizes, Tile][] = [];
  for (const tile of FEW_TILES)
    for (const { m, n, k, gap, offset } of [
      { m: 12, n: 20, k: 8, gap: 4, offset: 8 },
      { m: 12, n: 20, k: 8, gap: 4, offset: 2 },
      { m: 9, n: 6, k: 13, gap: 3, offset: 5 },
    ]) {
      const aPitch = (aTransposed ? m : k) + gap;
      const bPitch = (bTransposed ? k : n) + gap;
      views.push([{ m, n, k, aTransposed, bTransposed, aPitch, bPitch, aOffset: offset, bOffset: offset, rowSum: true }, tile]);
    }
  const layout = LAYOUTS.findIndex(({ name: other }) => other === name);
  await Promise.all(partly(views, ([, tile]) => TILES.indexOf(tile), layout).map(([sizes, tile]) => check(sizes, tile)));
});

it("adds long sums up in parts", { timeout: 60_000 }, async () => {
  for (const tile of FEW_TILES)
    await Promise.all(LAYOUTS.map((layout, at) => check({ m: 8, n: 12, k: [512, 513, 1024, 1540][at]!, ...layout, rowSum: true }, tile)));
});

it("loses no more on a very long sum than its parts do", { timeout: 60_000 }, async () => {
  // After one large term, each four of the small ones are half a unit in the last place: added one after another, all would be lost.
  // Not longer: lavapipe ends every loop once an invocation has gone 65,536 rounds in all.
  const k = 2 ** 15;
  const uneven = { a: new Float32Array(k).fill(0.5), b: new Float32Array(k).fill(0.5) };
  uneven.a[0] = 2 ** 25;
  for (const tile of FEW_TILES.filter(canRun)) {
    const problem = { ...given({ m: 1, n: 1, k, rowSum: true }), ...uneven };
    const { values, sums, shader } = await run(problem, tile);
    const truth = expected(problem);
    compare(`${shader} C`, values, truth.values, truth.magnitudes, matmulDepth(k, shader));
    compare(`${shader} row sum`, sums, truth.sums, truth.sumMagnitudes, matmulDepth(k, shader));
  }
});

it("batches over several axes, each operand with strides of its own", { timeout: 60_000 }, async () => {
  const sizes = [
    { m: 4, n: 8, k: 12 },
    { m: 3, n: 5, k: 7 },
  ];
  for (const [at, tile] of FEW_TILES.entries())
    for (const { m, n, k } of partly(sizes, () => "size", at))
      await Promise.all(
        [
          [{ size: 5, aStride: m * k, bStride: k * n }],
          [{ size: 5, aStride: m * k, bStride: 0 }],
          [
            { size: 2, aStride: 0, bStride: 3 * k * n },
            { size: 1, aStride: 0, bStride: 0 },
            { size: 3, aStride: 0, bStride: k * n },
            { size: 2, aStride: m * k, bStride: 0 },
          ],
        ].map((batch) => check({ m, n, k, batch, bias: true, rowSum: true }, tile)),
      );
});

it("goes past 65,535 workgroups", { timeout: 60_000 }, async () => {
  await check({ m: 1, n: 1, k: 2, batch: [{ size: 65_600, aStride: 2, bStride: 0 }] });
});

it("gives 0 where K is 0, and the bias", async () => {
  const none = { m: 5, n: 8, k: 0, aPitch: 0, rowSum: true };
  await check(none);
  await check({ ...none, bias: true, bTransposed: true, bPitch: 0 });
});
