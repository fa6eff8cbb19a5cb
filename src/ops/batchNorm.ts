/** Batch normalisation over the rows of [rows, channels]: with the batch's own statistics in training, with running ones afterwards. */
import batchNormText from "../../shaders/batch_norm.wgsl?raw";
import batchNormGradientText from "../../shaders/batch_norm_gradient.wgsl?raw";
import batchNormGradientPartialsText from "../../shaders/batch_norm_gradient_partials.wgsl?raw";
import batchNormPartialsText from "../../shaders/batch_norm_partials.wgsl?raw";
import columns from "../../shaders/lib/columns.wgsl?raw";
import grid from "../../shaders/lib/grid.wgsl?raw";
import { FathomError } from "../core/errors.ts";
import { describe, sameShape } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Binding, Define, KernelCall, KernelPlan, Op, Reference, Shader, Target } from "../graph/op.ts";
import { add, div, mul, sub } from "./binary.ts";
import { defineOp, literal, pick, requireDtype } from "./define.ts";
import { elementwiseOp } from "./elementwise.ts";
import { workgroupSize } from "./lanes.ts";
import { mean, sum } from "./reduce.ts";
import { sqrt } from "./unary.ts";

export const batchNormShader: Shader = { name: "batch_norm", text: grid + columns + batchNormText };
export const batchNormGradientShader: Shader = { name: "batch_norm_gradient", text: grid + columns + batchNormGradientText };
export const batchNormPartialsShader: Shader = { name: "batch_norm_partials", text: grid + columns + batchNormPartialsText };
export const batchNormGradientPartialsShader: Shader = {
  name: "batch_norm_gradient_partials",
  text: grid + columns + batchNormGradientPartialsText,
};

interface BatchNormAttributes {
  readonly epsilon: number;
  /** Whether there are gamma and beta. */
  readonly affine: boolean;
}

/** Rows past which a batch is split among workgroups: fewer invocations share a column where the adapter is software. */
const MOST_WHOLE = { software: 1024, hardware: 4096 } as const satisfies Record<Target["adapterClass"], number>;
/** Blocks of a split batch have a quarter of that. */
const BLOCKS_AT_LEAST = 4;

/** Bytes of a row that a workgroup reads side by side. */
const COLUMN_BYTES = 64;

interface Stages {
  readonly partials: { readonly shader: Shader; readonly words: number };
  readonly last: { readonly shader: Shader; readonly overrides: Readonly<Record<string, number>> };
  readonly inputs: readonly Binding[];
  readonly outputs: readonly Binding[];
  /** Only where there are gamma and beta. */
  readonly affine: readonly Binding[];
}

/** One call while the batch is short; else one that leaves partial sums of blocks of rows, and one that adds them up. */
function stages(
  [rows, channels]: readonly [number, number],
  epsilon: number,
  target: Target,
  { partials, last, inputs, outputs, affine }: Stages,
): KernelPlan {
  if (channels === 0) return { calls: [] };
  const width = channels % 4 === 0 ? 4 : 1;
  const columns = channels / width;
  const size = workgroupSize(target);
  let columnLanes = Math.min(COLUMN_BYTES / (4 * width), size);
  while (columnLanes / 2 >= columns) columnLanes /= 2;
  const columnGroups = Math.ceil(columns / columnLanes);
  const most = MOST_WHOLE[target.adapterClass];
  const split = rows > most;
  const block = split ? most / BLOCKS_AT_LEAST : rows;
  const blocks = Math.ceil(rows / block);
  const defines = { SIZE: size, COLUMN_LANES: columnLanes };
  const overrides = { ROWS: rows, COLUMNS: columns, BLOCK: block };
  const bindings = [...inputs, ...outputs, ...affine];
  const lastDefines: Record<string, Define> = {
    ...defines,
    WIDTH: width,
    SPLIT: split,
    AFFINE: affine.length > 0,
    PARTIALS_BINDING: bindings.length,
  };
  const lastCall: KernelCall = {
    shader: last.shader,
    defines: lastDefines,
    overrides: { ...overrides, ...last.overrides, EPSILON: epsilon },
    workgroups: columnGroups * blocks,
    bindings: split ? [...bindings, { temporary: 0, access: "read" }] : bindings,
    epilogue: { width },
  };
  if (!split) return { calls: [lastCall] };
  const first: KernelCall = {
    shader: partials.shader,
    defines: { ...defines, ALIASES: `alias F = ${width === 4 ? "vec4f" : "f32"};` },
    overrides,
    workgroups: columnGroups * blocks,
    bindings: [...inputs, { temporary: 0 }],
  };
  return { calls: [first, lastCall], temporaries: [partials.words * blocks * channels] };
}

/** Inputs x, gamma and beta; outputs y, and statistics [2, channels]: means, biased variances. */
export const batchNormOp: Op<BatchNormAttributes> = defineOp<BatchNormAttributes>({
  name: "batchNorm",
  infer: ([x]) => [
    { shape: x.shape, dtype: "f32" },
    { shape: [2, x.shape[1]!], dtype: "f32" },
  ],
  vjp: ({ dys: [dy, dStatistics], y, inputs: [x, gamma], attributes: { epsilon, affine } }) => {
    if (dStatistics)
      throw new FathomError("internal", "batchNorm: its statistics were differentiated; they are meant for the running estimates only");
    if (!dy) return [];
    const node = makeNode(batchNormGradientOp, [dy, x, pick(y, 1), ...(affine ? [gamma] : [])], { epsilon, affine });
    return affine ? [pick(node, 0), pick(node, 1), pick(node, 2)] : [node];
  },
  decompose: ([x, gamma, beta], { epsilon, affine }) => {
    const { normalized, average, variance } = normalize(x, epsilon);
    return [affine ? add(mul(normalized, gamma), beta) : normalized, average, variance];
  },
  reference: ([x, gamma, beta], { epsilon, affine }) => {
    const { channels, means, variances } = statisticsOf(x);
    const y = x.data.map((value, index) => {
      const c = index % channels;
      const normalized = (value - means[c]!) / Math.sqrt(variances[c]! + epsilon);
      return affine ? normalized * gamma.data[c]! + beta.data[c]! : normalized;
    });
    return [
      { shape: x.shape, data: y },
      { shape: [2, channels], data: concatenated(means, variances) },
    ];
  },
  form: {
    kind: "kernel",
    kernel: ([x], _outputs, { epsilon, affine }, target) =>
      stages(x.shape as [number, number], epsilon, target, {
        partials: { shader: batchNormPartialsShader, words: 2 },
        last: { shader: batchNormShader, overrides: {} },
        inputs: [{ input: 0 }],
        outputs: [{ output: 1 }],
        affine: affine ? [{ input: 1 }, { input: 2 }] : [],
      }),
    fusesEpilogue: true,
    checked: true,
  },
});

/** Inputs dy, x, the forward pass's statistics and gamma; outputs dx, dgamma and dbeta. */
export const batchNormGradientOp: Op<BatchNormAttributes> = defineOp<BatchNormAttributes>({
  name: "batchNormGradient",
  infer: ([, x], { affine }) => {
    const dx = { shape: x.shape, dtype: "f32" } as const;
    const channel = { shape: [x.shape[1]!], dtype: "f32" } as const;
    return affine ? [dx, channel, channel] : dx;
  },
  vjp: "decompose",
  // From x alone: the statistics are functions of it, and a second derivative goes through them.
  decompose: ([dy, x, , gamma], { epsilon, affine }) => {
    const { normalized, inverse } = normalize(x, epsilon);
    const along = mean(mul(dy, normalized), 0, true);
    const inner = sub(sub(dy, mean(dy, 0, true)), mul(normalized, along));
    const dx = mul(inner, affine ? mul(gamma, inverse) : inverse);
    return affine ? [dx, sum(mul(dy, normalized), 0), sum(dy, 0)] : dx;
  },
  reference: ([dy, x, , gamma], { epsilon, affine }) => {
    const { rows, channels, means, variances } = statisticsOf(x);
    const inverse = variances.map((variance) => 1 / Math.sqrt(variance + epsilon));
    const normalized = x.data.map((value, index) => (value - means[index % channels]!) * inverse[index % channels]!);
    const dgamma = new Float64Array(channels);
    const dbeta = new Float64Array(channels);
    dy.data.forEach((value, index) => {
      dgamma[index % channels]! += value * normalized[index]!;
      dbeta[index % channels]! += value;
    });
    const dx = dy.data.map((value, index) => {
      const c = index % channels;
      return (affine ? gamma.data[c]! : 1) * inverse[c]! * (value - dbeta[c]! / rows - (normalized[index]! * dgamma[c]!) / rows);
    });
    const whole = { shape: x.shape, data: dx };
    return affine ? [whole, { shape: [channels], data: dgamma }, { shape: [channels], data: dbeta }] : whole;
  },
  form: {
    kind: "kernel",
    kernel: ([, x], _outputs, { epsilon, affine }, target) =>
      stages(x.shape as [number, number], epsilon, target, {
        partials: { shader: batchNormGradientPartialsShader, words: 3 },
        last: { shader: batchNormGradientShader, overrides: {} },
        inputs: [{ input: 0 }, { input: 1 }, { input: 2 }],
        outputs: [],
        affine: affine ? [{ input: 3 }, { output: 1 }, { output: 2 }] : [],
      }),
    fusesEpilogue: true,
  },
});

function normalize(
  x: Node,
  epsilon: number,
): { readonly normalized: Node; readonly inverse: Node; readonly average: Node; readonly variance: Node } {
  const average = mean(x, 0, true);
  const centered = sub(x, average);
  const variance = mean(mul(centered, centered), 0, true);
  const inverse = div(literal(1), sqrt(add(variance, literal(epsilon))));
  return { normalized: mul(centered, inverse), inverse, average, variance };
}

function statisticsOf({ shape, data }: Reference): { rows: number; channels: number; means: Float64Array; variances: Float64Array } {
  const [rows, channels] = shape as [number, number];
  const means = new Float64Array(channels);
  const variances = new Float64Array(channels);
  data.forEach((value, index) => {
    means[index % channels]! += value / rows;
  });
  data.forEach((value, index) => {
    variances[index % channels]! += (value - means[index % channels]!) ** 2 / rows;
  });
  return { rows, channels, means, variances };
}

function concatenated(first: Float64Array, second: Float64Array): Float64Array {
  const both = new Float64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Checks shapes; returns gamma and beta, both or neither. */
function checkInputs(what: string, x: Node, perChannel: Readonly<Record<string, Node | null>>): void {
  requireDtype(what, x, "f32");
  if (x.shape.length !== 2)
    throw new FathomError(
      "shape",
      `${what}: x is ${describe(x)}; it must be [rows, channels]. Merge other axes into the rows with reshape`,
    );
  for (const [name, node] of Object.entries(perChannel)) {
    if (node === null) continue;
    requireDtype(what, node, "f32");
    if (!sameShape(node.shape, [x.shape[1]!]))
      throw new FathomError("shape", `${what}: the ${name} is ${describe(node)}; for x ${describe(x)} it must be f32[${x.shape[1]}]`);
  }
  if ((perChannel["scale"] === null) !== (perChannel["shift"] === null))
    throw new FathomError(
      "argument",
      `${what}: has a ${perChannel["scale"] ? "scale and no shift" : "shift and no scale"}; give both or neither`,
    );
}

/**
 * (x − mean) / √(variance + ε) · scale + shift, over the batch's own rows. `statistics` is f32[2, channels]: means and biased variances.
 * Throws a FathomError (shape) for fewer than two rows: one row has no variance.
 */
export function batchNormTrain(
  x: Node,
  scale: Node | null,
  shift: Node | null,
  epsilon: number,
): { readonly y: Node; readonly statistics: Node } {
  const what = "batchNorm";
  checkInputs(what, x, { scale, shift });
  if (x.shape[0]! < 2)
    throw new FathomError(
      "shape",
      `${what}: x is ${describe(x)}; in training it needs at least 2 rows, because its statistics are the batch's. Use a larger batch`,
    );
  const affine = scale !== null && shift !== null;
  const node = makeNode(batchNormOp, affine ? [x, scale, shift] : [x], { epsilon, affine });
  return { y: pick(node, 0), statistics: pick(node, 1) };
}

/** (x − mean) / √(variance + ε): one op, because parts that do not read x could not join the kernel that makes x. Inputs x, mean, variance, ε. */
export const normalizeByOp: Op<undefined> = {
  ...elementwiseOp<undefined>("normalizeBy", {
    wgsl: ([x, average, variance, epsilon]) => `((${x} - ${average}) / sqrt(${variance} + ${epsilon}))`,
    js: ([x, average, variance, epsilon]) => (x - average) / Math.sqrt(variance + epsilon),
    vjp: "nondifferentiable",
  }),
  vjp: "decompose",
  decompose: ([x, average, variance, epsilon]) => div(sub(x, average), sqrt(add(variance, epsilon))),
};

/** (x − mean) / √(variance + ε) · scale + shift by given statistics, f32[channels] each. */
export function batchNormEvaluate(x: Node, average: Node, variance: Node, scale: Node | null, shift: Node | null, epsilon: number): Node {
  checkInputs("batchNorm", x, { mean: average, variance, scale, shift });
  const normalized = makeNode(normalizeByOp, [x, average, variance, literal(epsilon)], undefined);
  return scale && shift ? add(mul(normalized, scale), shift) : normalized;
}
