/** Samples of every op: what its gradient rule and its kernels are tried on. A new op fails to compile here until it has some. */
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Reference } from "../../src/graph/op.ts";
import { elu, gelu, geluTanh, leakyRelu, normalCdfOp, selu, silu } from "../../src/ops/activations.ts";
import { again } from "../../src/ops/again.ts";
import { argmax, argmin } from "../../src/ops/argReduce.ts";
import { add, div, maximum, minimum, mul, neg, remainder, sub } from "../../src/ops/binary.ts";
import { reduceReference } from "../../src/ops/broadcast.ts";
import { equal, greater, greaterEqual, less, lessEqual, notEqual, where } from "../../src/ops/compare.ts";
import { concat } from "../../src/ops/concat.ts";
import { scalar } from "../../src/ops/define.ts";
import { apply } from "../../src/ops/elementwise.ts";
import { glu, halfOp, ofHalfOp, siluSlopeOp, swiglu } from "../../src/ops/gated.ts";
import { gather, scatterRowsOp } from "../../src/ops/gather.ts";
import { axisIndex } from "../../src/ops/indices.ts";
import { celu, hardSigmoid, hardSwish, lecunTanh, mish, mishGateOp, prelu, softsign } from "../../src/ops/laterActivations.ts";
import { norm } from "../../src/ops/norm.ts";
import { clamp, powOp } from "../../src/ops/power.ts";
import { amax, amin, max, min, sum, variance } from "../../src/ops/reduce.ts";
import { pad, slice, spread } from "../../src/ops/slice.ts";
import {
  abs,
  cast,
  erf,
  exp,
  expm1,
  floor,
  log,
  log1p,
  reciprocal,
  relu,
  sigmoid,
  sign,
  softplus,
  sqrt,
  square,
  tanh,
} from "../../src/ops/unary.ts";
import { alias, broadcastTo, copy, detach, reshape, transpose } from "../../src/ops/views.ts";
import type { OpName } from "./opTable.ts";
import { type Allowed, EPSILON, exactly, type Operand, type Sample, within } from "./sample.ts";

/** Nothing, one, a prime, and both sides of a power of two; some with more axes. */
const SHAPES: readonly Shape[] = [[], [0], [1], [7], [63], [64], [65], [3, 4], [64, 65], [2, 3, 5], [2, 0, 3], [1, 2, 1, 3, 1, 2]];
/** Pairs that broadcast. */
const PAIRS: readonly (readonly [Shape, Shape])[] = [
  ...SHAPES.map((shape) => [shape, shape] as const),
  [[], [7]],
  [[4, 3], [3]],
  [
    [5, 1],
    [1, 3],
  ],
  [
    [64, 65],
    [64, 1],
  ],
  [
    [65, 64],
    [1, 64],
  ],
  [
    [0, 3],
    [1, 1],
  ],
];

type Range = Omit<Operand, "shape">;

const unary = (build: (x: Node) => Node, allowed: Allowed, range: Range = {}): Sample[] =>
  SHAPES.map((shape) => ({ operands: [{ ...range, shape }], build, allowed }));

const binary = (build: (a: Node, b: Node) => Node, allowed: Allowed, first: Range = {}, second: Range = first): Sample[] =>
  PAIRS.map(([a, b]) => ({
    operands: [
      { ...first, shape: a },
      { ...second, shape: b },
    ],
    build,
    allowed,
  }));

const INTEGERS = { dtype: "i32", low: -40, high: 40 } as const;
const COUNTS = { dtype: "u32", low: 0, high: 50 } as const;
/** Away from 0, where a function or its gradient may jump; the differences of the gradient test reach 2e-3 far. */
const POSITIVE = { low: 0.2, high: 3 } as const;
/** Of both signs, and not 0: the range is not symmetric. */
const SIGNED = { low: -3, high: 3.7 } as const;
/** Some of each kind: ties, and an order. */
const TIED = { values: [1, 2, 2, 3, 1, 1] } as const;
const TIED_SECOND = { values: [2, 2, 1, 3, 0] } as const;
const MASK = { values: [0, 1, 1, 0, 2, -1, 0] } as const;

/** Shapes and the axes that are reduced: none, inner, outer, middle, all; short, long, and long enough for several stages. */
const REDUCTIONS: readonly (readonly [Shape, readonly number[]])[] = [
  [[7], [0]],
  [[63], [0]],
  [[65], [0]],
  [[3, 4], [1]],
  [[3, 4], [0]],
  [[2, 3, 4], [1]],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [3, 1, 2],
    [1, 2],
  ],
  [[64, 65], [1]],
  [[65, 64], [0]],
  [[130, 67], [0]],
  [[67, 130], [1]],
  [[4, 0, 3], [0]],
  [
    [2, 3, 2, 3, 2, 2],
    [0, 2, 4],
  ],
  [
    [2, 3, 2, 3, 2, 2],
    [1, 3, 5],
  ],
  [[5000], [0]],
  [[300, 70], [0]],
  [
    [70, 300],
    [0, 1],
  ],
];

/** `least` elements are needed along the axes. */
function reduction(
  build: (x: Node, axes: readonly number[]) => Node,
  allowed: (axes: readonly number[], length: number) => Allowed,
  range: Range = {},
): Sample[] {
  return REDUCTIONS.map(([shape, axes]) => ({
    operands: [{ ...range, shape }],
    build: (x) => build(x, axes),
    allowed: allowed(axes, sizeOf(axes.map((axis) => shape[axis]!))),
  }));
}

/** Along one axis. */
const oneAxis = (build: (x: Node, axis: number) => Node, allowed: Allowed, range: Range = {}): Sample[] =>
  REDUCTIONS.filter(([, axes]) => axes.length === 1).map(([shape, axes]) => ({
    operands: [{ ...range, shape }],
    build: (x) => build(x, axes[0]!),
    allowed,
  }));

/** Roundings in a row of a sum of n terms: a stage has at most 64, and leaves a 64th of the terms or less. */
function depth(n: number): number {
  return n <= 64 ? n : 64 + depth(Math.ceil(n / 64));
}

const absolute = (x: Reference): Reference => ({ shape: x.shape, data: x.data.map(Math.abs) });
const total = (x: Reference, axes: readonly number[]): Float64Array => reduceReference(x, axes, 0, (sum, value) => sum + value).data;

/** Each addition rounds a partial sum, which is at most Σ|x|. */
const sumAllowed =
  (axes: readonly number[], length: number): Allowed =>
  (_, [x]) => {
    const sums = total(absolute(x), axes);
    return (index) => depth(length) * EPSILON * sums[index]!;
  };

/** The mean is off by what its sum is; that and the rounding of x − mean shift each difference, and the squares add up as any sum. */
const varianceAllowed =
  (_: readonly number[], length: number): Allowed =>
  (truth, [x]) => {
    const largest = x.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const shift = (depth(length) + 3) * EPSILON * largest;
    return (index) => (depth(length) + 6) * EPSILON * truth.data[index]! + 2 * shift * Math.sqrt(truth.data[index]!) + shift * shift;
  };

/** Half the relative error of the sum of squares, and the root's 2.5 ulp. */
const normAllowed = (_: readonly number[], length: number): Allowed => within(depth(length) / 2 + 8);

const remainderAllowed: Allowed = (_, [a, b]) => {
  const largest = (x: Reference): number => x.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return () => 8 * EPSILON * (largest(a) + largest(b));
};

const INDEX = { dtype: "i32", values: [2, 0, 2, 1, 3, 2] } as const;

/** Row sums go along a list, 64 terms at a time. */
const scatterAllowed: Allowed = (_, [dy]) => {
  const largest = dy.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return () => depth(dy.data.length) * EPSILON * largest * dy.data.length;
};

const GATHERS: readonly (readonly [table: Shape, index: Shape, axis: number])[] = [
  [[4, 3], [6], 0],
  [[4], [5], 0],
  [[3, 4], [2, 2], 1],
  [[2, 4, 3], [3], 1],
  [[65, 64], [63], 0],
  [[4, 3], [0], 0],
  [[4, 3], [], 0],
];

const gathers = (dtype: "f32" | "i32"): Sample[] =>
  GATHERS.map(([table, index, axis]) => ({
    operands: [
      { shape: table, dtype, low: -9, high: 9 },
      { ...INDEX, shape: index },
    ],
    build: (x, at) => gather(x, at, axis),
    allowed: exactly,
  }));

const CONCATS: readonly (readonly [axis: number, shapes: readonly Shape[]])[] = [
  [0, [[3], [4]]],
  [
    0,
    [
      [2, 3],
      [1, 3],
      [0, 3],
    ],
  ],
  [
    1,
    [
      [2, 3],
      [2, 1],
      [2, 2],
    ],
  ],
  [
    1,
    [
      [63, 64],
      [63, 65],
    ],
  ],
  [
    1,
    [
      [2, 1, 3],
      [2, 2, 3],
    ],
  ],
  [
    2,
    [
      [2, 2, 1],
      [2, 2, 4],
    ],
  ],
  [0, Array.from({ length: 9 }, (_, index) => [index % 3, 2])],
];

const concats = (dtype: "f32" | "i32"): Sample[] =>
  CONCATS.map(([axis, shapes]) => ({
    operands: shapes.map((shape) => ({ shape, dtype, low: -9, high: 9 })),
    build: (...parts) => concat(parts, axis),
    allowed: exactly,
  }));

const spreads = (dtype: "f32" | "i32"): Sample[] => [
  { operands: [{ shape: [3], dtype, low: 1, high: 9 }], build: (x) => pad(x, [[2, 1]], 5), allowed: exactly },
  {
    operands: [{ shape: [2, 3], dtype, low: 1, high: 9 }],
    build: (x) =>
      pad(x, [
        [0, 1],
        [2, 0],
      ]),
    allowed: exactly,
  },
  {
    operands: [{ shape: [63, 64], dtype, low: 1, high: 9 }],
    build: (x) =>
      pad(
        x,
        [
          [1, 1],
          [0, 3],
        ],
        -1,
      ),
    allowed: exactly,
  },
  {
    operands: [{ shape: [0, 2], dtype, low: 1, high: 9 }],
    build: (x) =>
      pad(
        x,
        [
          [2, 1],
          [1, 0],
        ],
        3,
      ),
    allowed: exactly,
  },
  {
    operands: [
      { shape: [2, 3], dtype, low: 1, high: 9 },
      { shape: [], dtype, low: 2, high: 3 },
    ],
    build: (x, fill) => spread(x, fill, [1, 0], [3, 2], [6, 5]),
    allowed: exactly,
  },
];

const HALVES: readonly Shape[] = [[2], [6], [3, 4], [64, 130], [2, 3, 10], [0, 4], [3, 0]];
/** Both sides of −3 and 3, and not the kinks themselves. */
const AROUND_KINKS = { values: [-7, -3.125, -2.875, -1.25, 0.375, 2.25, 2.875, 3.125, 9] } as const;
/** One slope for all, and one for each feature. */
const SLOPES: readonly (readonly [x: Shape, slope: Shape])[] = [
  [[7], [1]],
  [[7], [7]],
  [[3, 4], [1]],
  [[5, 3], [3]],
  [[64, 65], [65]],
  [[0, 3], [3]],
];

export const SAMPLES = {
  abs: [...unary(abs, exactly, POSITIVE), ...unary(abs, exactly, { low: -3, high: -0.2 }), ...unary(abs, exactly, INTEGERS)],
  add: [...binary(add, within(1)), ...binary(add, exactly, INTEGERS), ...binary(add, exactly, COUNTS)],
  again: unary((x) => again(x, 0), exactly),
  alias: unary(alias, exactly),
  // All of one sign too, so that no 0 of an idle lane can pass for an element.
  amax: [...reduction(amax, () => exactly, { low: -5, high: -1 }), ...reduction(amax, () => exactly)],
  amin: [...reduction(amin, () => exactly, POSITIVE), ...reduction(amin, () => exactly)],
  argmax: [
    ...oneAxis((x, axis) => argmax(x, axis), exactly),
    ...oneAxis((x, axis) => argmax(x, axis), exactly, TIED),
    ...oneAxis((x, axis) => argmax(x, axis, true), exactly, INTEGERS),
  ],
  argmin: [
    ...oneAxis((x, axis) => argmin(x, axis), exactly),
    ...oneAxis((x, axis) => argmin(x, axis), exactly, TIED),
    ...oneAxis((x, axis) => argmin(x, axis), exactly, COUNTS),
  ],
  axisIndex: SHAPES.flatMap((shape) =>
    shape.map((_, axis) => ({
      operands: [{ shape, dtype: "i32" as const, low: 0, high: 9 }],
      build: (x: Node) => add(axisIndex(shape, axis), x),
      allowed: exactly,
    })),
  ),
  broadcastTo: [
    { operands: [{ shape: [] }], build: (x) => broadcastTo(x, [3, 2]), allowed: exactly },
    { operands: [{ shape: [3, 1] }], build: (x) => broadcastTo(x, [2, 3, 4]), allowed: exactly },
    { operands: [{ shape: [64, 1] }], build: (x) => broadcastTo(x, [64, 65]), allowed: exactly },
    { operands: [{ shape: [1] }], build: (x) => broadcastTo(x, [0]), allowed: exactly },
  ],
  cast: [
    ...unary((x) => cast(x, "i32"), exactly, { low: -90, high: 90 }),
    ...unary((x) => cast(x, "u32"), exactly, { low: 0, high: 90 }),
    ...unary((x) => cast(x, "f32"), exactly, INTEGERS),
    ...unary((x) => cast(x, "u32"), exactly, INTEGERS),
  ],
  celu: [...unary((x) => celu(x), within(12), SIGNED), ...unary((x) => celu(x, 0.5), within(13), { low: -30, high: -0.1 })],
  clamp: unary((x) => clamp(x, -0.375, 0.625), exactly),
  concat: concats("f32"),
  copy: unary(copy, exactly),
  detach: unary(detach, exactly),
  div: binary(div, within(5), {}, POSITIVE),
  elu: [...unary((x) => elu(x), within(7), SIGNED), ...unary((x) => elu(x, 0.5), within(8), { low: -30, high: -0.1 })],
  equal: [
    ...binary(equal, exactly, TIED, TIED_SECOND),
    ...binary(equal, exactly, { ...TIED, dtype: "i32" }, { ...TIED_SECOND, dtype: "i32" }),
  ],
  erf: unary(erf, within(9), SIGNED),
  exp: unary(exp, within(3), SIGNED),
  expm1: unary(expm1, within(6), SIGNED),
  floor: unary(floor, exactly, { values: [-2.5, -0.4, 0.3, 1.7, 2.2] }),
  gather: gathers("f32"),
  gelu: unary(gelu, within(30), SIGNED),
  geluTanh: unary(geluTanh, within(12 + 5 * 10), SIGNED),
  greater: binary(greater, exactly, TIED, TIED_SECOND),
  greaterEqual: binary(greaterEqual, exactly, TIED, TIED_SECOND),
  half: HALVES.flatMap((shape) => [
    { operands: [{ shape }], build: (x: Node) => apply(halfOp, [x], { index: 0 }), allowed: exactly },
    { operands: [{ shape }], build: (x: Node) => apply(halfOp, [x], { index: 1 }), allowed: exactly },
    { operands: [{ shape, ...SIGNED }], build: glu, allowed: within(12) },
  ]),
  hardSigmoid: unary(hardSigmoid, within(3), AROUND_KINKS),
  hardSwish: unary(hardSwish, within(4), AROUND_KINKS),
  integerConcat: concats("i32"),
  integerDivide: binary(div, exactly, INTEGERS, { dtype: "i32", low: 1, high: 9 }),
  integerGather: gathers("i32"),
  integerMax: reduction(amax, () => exactly, INTEGERS),
  integerMaximum: [...binary(maximum, exactly, INTEGERS), ...binary(maximum, exactly, COUNTS)],
  integerMin: reduction(amin, () => exactly, COUNTS),
  integerMinimum: [...binary(minimum, exactly, INTEGERS), ...binary(minimum, exactly, COUNTS)],
  integerSpread: spreads("i32"),
  integerSum: [...reduction(sum, () => exactly, INTEGERS), ...reduction(sum, () => exactly, COUNTS)],
  leakyRelu: [
    ...unary((x) => leakyRelu(x), within(2), SIGNED),
    ...unary((x) => leakyRelu(x, 0), exactly, SIGNED),
    ...unary((x) => leakyRelu(x, -0.5), within(1), SIGNED),
  ],
  lecunTanh: unary(lecunTanh, within(12), SIGNED),
  less: [...binary(less, exactly, TIED, TIED_SECOND), ...binary(less, exactly, COUNTS)],
  lessEqual: binary(lessEqual, exactly, TIED, TIED_SECOND),
  log: unary(log, within(4), POSITIVE),
  log1p: unary(log1p, within(7), { low: -0.8, high: 3 }),
  max: oneAxis((x, axis) => max(x, axis), exactly),
  maximum: binary(maximum, exactly),
  min: oneAxis((x, axis) => min(x, axis, true), exactly),
  minimum: binary(minimum, exactly),
  mish: unary(mish, within(13), { low: -6, high: 7 }),
  mishGate: unary((x) => apply(mishGateOp, [x]), within(12), { low: -6, high: 7 }),
  mul: [...binary(mul, within(1)), ...binary(mul, exactly, INTEGERS)],
  neg: [...unary(neg, exactly), ...unary(neg, exactly, INTEGERS)],
  norm: reduction(norm, normAllowed),
  normalCdf: unary((x) => apply(normalCdfOp, [x]), within(29), SIGNED),
  notEqual: binary(notEqual, exactly, TIED, TIED_SECOND),
  ofHalf: [
    { operands: [{ shape: [3, 1, 2] }], build: (x) => apply(ofHalfOp, [x], { index: 0, half: 2 }), allowed: exactly },
    { operands: [{ shape: [64, 1, 65] }], build: (x) => apply(ofHalfOp, [x], { index: 1, half: 65 }), allowed: exactly },
    { operands: [{ shape: [0, 1, 4] }], build: (x) => apply(ofHalfOp, [x], { index: 1, half: 4 }), allowed: exactly },
  ],
  pow: binary((x, p) => apply(powOp, [x, p]), within(12), POSITIVE, { low: -2, high: 3 }),
  prelu: [
    ...unary((x) => prelu(x, scalar(0.25)), within(1), SIGNED),
    ...SLOPES.map(([shape, slope]) => ({
      operands: [{ shape, ...SIGNED }, { shape: slope }],
      build: prelu,
      allowed: within(1),
    })),
  ],
  reciprocal: unary(reciprocal, within(5), POSITIVE),
  relu: unary(relu, exactly, SIGNED),
  remainder: [
    ...binary(remainder, exactly, INTEGERS, { dtype: "i32", values: [3, -7, 5, -2, 1] }),
    ...binary(remainder, exactly, COUNTS, { dtype: "u32", low: 1, high: 9 }),
    // Off by what a multiple of b is rounded by, which is no more than what a is.
    ...binary(remainder, remainderAllowed, { values: [-2.5, 3.3, 0.4, -0.9, 5.1, 1.7] }, { values: [1.3, -0.8, 2.3, 0.7, -1.17] }),
  ],
  reshape: [
    { operands: [{ shape: [2, 3] }], build: (x) => reshape(x, [3, 2]), allowed: exactly },
    { operands: [{ shape: [2, 3, 4] }], build: (x) => reshape(x, [4, -1]), allowed: exactly },
    { operands: [{ shape: [64, 65] }], build: (x) => reshape(x, [65, 8, 8]), allowed: exactly },
    { operands: [{ shape: [3, 4] }], build: (x) => reshape(transpose(x), [2, 2, 3]), allowed: exactly },
    { operands: [{ shape: [3, 4] }], build: (x) => reshape(transpose(x), [6, 2]), allowed: exactly },
    { operands: [{ shape: [1] }], build: (x) => reshape(x, []), allowed: exactly },
    { operands: [{ shape: [0, 3] }], build: (x) => reshape(x, [2, 0]), allowed: exactly },
  ],
  scatterRows: [
    ...GATHERS.filter(([, index]) => index.length === 1).map(([table, index]) => ({
      operands: [{ shape: [...index, ...table.slice(1)] }, { ...INDEX, shape: index }],
      build: (dy: Node, at: Node) => apply(scatterRowsOp, [dy, at], { rows: table[0]! }),
      allowed: scatterAllowed,
    })),
    {
      operands: [{ shape: [2, 3, 2] }, { shape: [2, 3], dtype: "u32", values: [5, 1, 99] }],
      build: (dy, at) => apply(scatterRowsOp, [dy, at], { rows: 6 }),
      allowed: scatterAllowed,
    },
    {
      operands: [{ shape: [1000, 3] }, { shape: [1000], dtype: "i32", values: [1, 0, 1, -1] }],
      build: (dy, at) => apply(scatterRowsOp, [dy, at], { rows: 2 }),
      allowed: scatterAllowed,
    },
  ],
  selu: unary(selu, within(9), SIGNED),
  sigmoid: unary(sigmoid, within(11), { low: -6, high: 7 }),
  sign: [...unary(sign, exactly, POSITIVE), ...unary(sign, exactly, INTEGERS)],
  silu: unary(silu, within(12), { low: -6, high: 7 }),
  slice: [
    { operands: [{ shape: [7] }], build: (x) => slice(x, [{ start: 1, end: 6, step: 2 }]), allowed: exactly },
    { operands: [{ shape: [4, 5] }], build: (x) => slice(x, [null, { start: -3 }]), allowed: exactly },
    { operands: [{ shape: [4, 5] }], build: (x) => slice(x, [{ start: 1 }, { end: -1, step: 3 }]), allowed: exactly },
    { operands: [{ shape: [64, 65] }], build: (x) => slice(x, [{ start: 1, end: 64 }, { start: 1 }]), allowed: exactly },
    { operands: [{ shape: [3, 4] }], build: (x) => slice(x, [{ start: 3 }]), allowed: exactly },
  ],
  // σ's 11 ε, and what cancels near −1.28, where the slope is 0: less than 25 ε of 1.
  siluSlope: unary(
    (x) => apply(siluSlopeOp, [x]),
    () => () => 25 * EPSILON,
    SIGNED,
  ),
  softplus: unary(softplus, within(11), { low: -6, high: 7 }),
  softsign: unary(softsign, within(6), SIGNED),
  spread: spreads("f32"),
  sqrt: unary(sqrt, within(6), POSITIVE),
  square: [...unary(square, within(1)), ...unary(square, exactly, INTEGERS)],
  sub: [...binary(sub, within(1)), ...binary(sub, exactly, INTEGERS)],
  sum: reduction(sum, sumAllowed),
  swiglu: HALVES.map((shape) => ({ operands: [{ shape, ...SIGNED }], build: swiglu, allowed: within(13) })),
  tanh: unary(tanh, within(8), SIGNED),
  transpose: [
    { operands: [{ shape: [3, 4] }], build: (x) => transpose(x), allowed: exactly },
    { operands: [{ shape: [2, 3, 4] }], build: (x) => transpose(x, [1, 2, 0]), allowed: exactly },
    { operands: [{ shape: [64, 65] }], build: (x) => transpose(x), allowed: exactly },
    { operands: [{ shape: [0, 3] }], build: (x) => transpose(x), allowed: exactly },
  ],
  variance: [
    ...reduction((x, axes) => variance(x, axes, { correction: 0 }), varianceAllowed),
    { operands: [{ shape: [65, 7], low: 100, high: 101 }], build: (x) => variance(x, 0), allowed: varianceAllowed([0], 65) },
  ],
  where: [
    ...PAIRS.map(([a, b]) => ({ operands: [{ ...MASK, shape: a }, { shape: a }, { shape: b }], build: where, allowed: exactly })),
    ...PAIRS.map(([a, b]) => ({
      operands: [{ ...INTEGERS, values: MASK.values, shape: b }, { shape: a }, { shape: b }],
      build: where,
      allowed: exactly,
    })),
  ],
} satisfies Record<OpName, readonly Sample[]>;
