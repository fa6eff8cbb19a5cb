/** The functions of shaders/lib/math.wgsl over dense grids, against float64, within the bounds that stand beside them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import type { Node } from "../../src/graph/node.ts";
import { open } from "../../src/index.ts";
import { gelu, geluTanh, normalCdfOp, silu } from "../../src/ops/activations.ts";
import { maximum, minimum } from "../../src/ops/binary.ts";
import { apply } from "../../src/ops/elementwise.ts";
import { erfc, erf as erfFloat64 } from "../../src/ops/erf.ts";
import { lecunTanh, mish, softsign } from "../../src/ops/laterActivations.ts";
import { powOp } from "../../src/ops/power.ts";
import { cast, erf, exp, expm1, log, log1p, relu, sigmoid, softplus, tanh } from "../../src/ops/unary.ts";

const EPSILON = 2 ** -24;
/** Results below the least normal number may be flushed to 0, or be rounded as subnormal numbers are. */
const LEAST_NORMAL = 2 ** -126;
const LARGEST = 3.4028234663852886e38;

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

/** `count` numbers of each sign: half of them evenly spread up to `most`, half by magnitude from 2⁻¹²⁶ on; and those at which formulas change. */
function grid(most: number, count = 60_000): Float32Array {
  const even = Array.from({ length: count / 2 }, (_, index) => ((index + 0.5) / (count / 2)) * most);
  const octaves = Math.log2(most) + 126;
  const magnitudes = Array.from({ length: count / 2 }, (_, index) => 2 ** (-126 + (index / (count / 2)) * octaves));
  const edges = [
    0.625,
    0.75,
    1,
    Math.LN2 / 2,
    Math.LN2,
    Math.SQRT1_2,
    Math.SQRT2,
    Math.SQRT2 - 1,
    1 - Math.SQRT1_2,
    10,
    20,
    87.3,
    88.72,
    89,
    103.9,
    104,
  ]
    .filter((edge) => edge <= most)
    .flatMap((edge) => [-2, -1, 0, 1, 2].map((ulps) => edge * (1 + ulps * 2 ** -23)));
  const positive = [...even, ...magnitudes, ...edges];
  return Float32Array.from([...positive, ...positive.map((value) => -value)]);
}

async function on(build: (...nodes: Node[]) => Node, ...inputs: Float32Array[]): Promise<Float32Array> {
  const tensors = inputs.map((values) => gpu.tensor(values));
  const result = gpu.wrap(build(...tensors.map((tensor) => tensor.node)));
  const data = (await result.data()) as Float32Array;
  for (const tensor of [...tensors, result]) tensor.dispose();
  return data;
}

/** What float32 can hold of it: beyond the largest number is infinity. */
const held = (value: number): number => (Math.abs(value) > LARGEST * (1 + EPSILON / 2) ? Math.sign(value) * Infinity : value);

/** Expects relative errors of at most `bound(x)` in units of ε; says which x is worst. */
function expectWithin(
  actual: Float32Array,
  truth: (index: number) => number,
  bound: (index: number) => number,
  describe: (index: number) => string,
  least: (index: number) => number = () => LEAST_NORMAL,
): void {
  let worst = 0;
  let at = 0;
  actual.forEach((value, index) => {
    const exact = held(truth(index));
    if (Object.is(value, exact) || value === exact || (Number.isNaN(value) && Number.isNaN(exact))) return;
    // Infinity may come a little early, where the last number before it would be.
    const near = Math.abs(exact) === Infinity ? Math.sign(exact) * LARGEST : exact;
    const off =
      Math.abs(value) === Infinity && Math.abs(near) > LARGEST * (1 - bound(index) * EPSILON) ? 0 : Math.abs(value - near) - least(index);
    const excess = off <= 0 ? 0 : Number.isFinite(off) ? off / (bound(index) * EPSILON * Math.abs(near)) : Infinity;
    if (excess > worst || Number.isNaN(excess)) {
      worst = Number.isNaN(excess) ? Infinity : excess;
      at = index;
    }
  });
  if (import.meta.env["VITE_WORST"]) console.log(describe(at), worst * bound(at), bound(at));
  expect(worst, `${describe(at)} gave ${actual[at]}, float64 ${truth(at)}, bound ${bound(at)} ε`).toBeLessThanOrEqual(1);
}

interface Case {
  readonly name: string;
  readonly build: (x: Node) => Node;
  readonly truth: (x: number) => number;
  readonly most: number;
  /** In units of ε. */
  readonly bound: (x: number) => number;
  /** A factor of x in front of what may be flushed. */
  readonly gated?: boolean;
  /** A constant factor in front of it. */
  readonly factor?: number;
}

const normalCdf = (x: Node): Node => apply(normalCdfOp, [x]);
const cdf = (x: number): number => 0.5 * erfc(-x * Math.SQRT1_2);
const gate = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
/** ((1 + eˣ)² − 1) / ((1 + eˣ)² + 1) */
const mishGate = (x: number): number => (x > 30 ? 1 : (Math.exp(2 * x) + 2 * Math.exp(x)) / (Math.exp(2 * x) + 2 * Math.exp(x) + 2));
const logistic = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

const cases: readonly Case[] = [
  { name: "exp", build: exp, truth: Math.exp, most: 110, bound: () => 3 },
  { name: "expm1", build: expm1, truth: Math.expm1, most: 110, bound: () => 6 },
  { name: "log", build: log, truth: Math.log, most: LARGEST, bound: () => 4 },
  { name: "log near 1", build: log, truth: Math.log, most: 3, bound: () => 4 },
  { name: "log1p", build: log1p, truth: Math.log1p, most: LARGEST, bound: () => 7 },
  { name: "log1p near 0", build: log1p, truth: Math.log1p, most: 2, bound: () => 7 },
  { name: "tanh", build: tanh, truth: Math.tanh, most: 100, bound: () => 8 },
  { name: "tanh near 0", build: tanh, truth: Math.tanh, most: 1, bound: () => 8 },
  { name: "sigmoid", build: sigmoid, truth: logistic, most: 110, bound: () => 11 },
  { name: "softplus", build: softplus, truth: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), most: 110, bound: () => 11 },
  { name: "erf", build: erf, truth: erfFloat64, most: 12, bound: () => 9 },
  { name: "normalCdf", build: normalCdf, truth: cdf, most: 14, bound: (x) => 22 + (x * x) / 2 },
  { name: "gelu", build: gelu, truth: (x) => x * cdf(x), most: 14, bound: (x) => 23 + (x * x) / 2, gated: true },
  // The gate's argument has 4 roundings, and the sigmoid's relative error is at most what the argument is off by.
  {
    name: "geluTanh",
    build: geluTanh,
    truth: (x) => x * logistic(gate(x)),
    most: 12,
    bound: (x) => 12 + 5 * Math.abs(gate(x)),
    gated: true,
  },
  { name: "mish", build: mish, truth: (x) => x * mishGate(x), most: 110, bound: () => 13, gated: true },
  { name: "softsign", build: softsign, truth: (x) => x / (1 + Math.abs(x)), most: LARGEST, bound: () => 6 },
  { name: "lecunTanh", build: lecunTanh, truth: (x) => 1.7159 * Math.tanh((2 * x) / 3), most: 100, bound: () => 12, factor: 1.7159 },
  { name: "silu", build: silu, truth: (x) => x * logistic(x), most: 110, bound: () => 12, gated: true },
];

describe("stays within its bound", () => {
  it.each(cases)("$name", async ({ build, truth, most, bound, gated, factor = 1 }) => {
    const x = grid(most);
    const y = await on(build, x);
    expectWithin(
      y,
      (index) => truth(x[index]!),
      (index) => bound(x[index]!),
      (index) => `x = ${x[index]}`,
      (index) => LEAST_NORMAL * factor * Math.max(1, gated ? Math.abs(x[index]!) : 0),
    );
  });

  it("pow", async () => {
    const exponents = [-3, -2, -1, -0.5, 0, 0.1, 0.5, 1, 1.5, 2, 2.5, 3, 7, 10, 31, 64, 100, 1 / 3, 12345.678];
    const bases = grid(40, 400);
    const x = Float32Array.from(exponents.flatMap(() => [...bases]));
    const p = Float32Array.from(exponents.flatMap((exponent) => [...bases].map(() => exponent)));
    const y = await on((base, exponent) => apply(powOp, [base!, exponent!]), x, p);
    expectWithin(
      y,
      (index) => x[index]! ** p[index]!,
      (index) => 6 + 2 * Math.abs(p[index]!),
      (index) => `${x[index]} ** ${p[index]}`,
    );
  });
});

describe("at the edges", () => {
  const special = Float32Array.of(0, -0, Infinity, -Infinity, Number.NaN, 1e-20, -1e-20, LARGEST, -LARGEST);
  it.each([
    ["exp", exp, [1, 1, Infinity, 0, NaN, 1, 1, Infinity, 0]],
    ["expm1", expm1, [0, -0, Infinity, -1, NaN, 1e-20, -1e-20, Infinity, -1]],
    ["log", log, [-Infinity, -Infinity, Infinity, NaN, NaN, Math.log(1e-20), NaN, Math.log(LARGEST), NaN]],
    ["log1p", log1p, [0, -0, Infinity, NaN, NaN, 1e-20, -1e-20, Math.log(LARGEST), NaN]],
    ["tanh", tanh, [0, -0, 1, -1, NaN, 1e-20, -1e-20, 1, -1]],
    ["sigmoid", sigmoid, [0.5, 0.5, 1, 0, NaN, 0.5, 0.5, 1, 0]],
    ["softplus", softplus, [Math.LN2, Math.LN2, Infinity, 0, NaN, Math.LN2, Math.LN2, LARGEST, 0]],
    ["erf", erf, [0, -0, 1, -1, NaN, (2 / Math.sqrt(Math.PI)) * 1e-20, (-2 / Math.sqrt(Math.PI)) * 1e-20, 1, -1]],
    ["normalCdf", normalCdf, [0.5, 0.5, 1, 0, NaN, 0.5, 0.5, 1, 0]],
    ["relu", relu, [0, 0, Infinity, 0, NaN, 1e-20, 0, LARGEST, 0]],
  ] as const)("%s", async (_, build, expected) => {
    const y = await on(build as (x: Node) => Node, special);
    for (const [index, value] of expected.entries()) {
      const what = `of ${special[index]}: ${y[index]}`;
      if (Number.isNaN(value) || !Number.isFinite(value) || value === 0)
        expect(y[index], what).toEqual(
          Object.is(value, -0) ? (y[index]! + 0 === 0 ? y[index] : -0) : value === 0 ? Math.abs(y[index]!) : value,
        );
      else expect(Math.abs(y[index]! / value - 1), what).toBeLessThanOrEqual(8 * EPSILON);
    }
  });

  it("pow has a negative base's powers, and 1 for every power of 0", async () => {
    const cases: readonly (readonly [x: number, p: number, value: number])[] = [
      [-2, 3, -8],
      [-2, 2, 4],
      [-2, 0.5, Number.NaN],
      [-2, -1, -0.5],
      [0, 0, 1],
      [Number.NaN, 0, 1],
      [0, 2, 0],
      [0, -1, Infinity],
      [0, -2, Infinity],
      [Infinity, 2, Infinity],
      [Infinity, -2, 0],
      [-Infinity, 3, -Infinity],
      [2, Number.NaN, Number.NaN],
      [1e30, 2, Infinity],
      [1e-30, 2, 0],
      [-1e30, 3, -Infinity],
      [0.7, 1e6, 0],
      [1.5, 1e6, Infinity],
    ];
    const y = await on(
      (x, p) => apply(powOp, [x!, p!]),
      Float32Array.from(cases, ([x]) => x),
      Float32Array.from(cases, ([, p]) => p),
    );
    for (const [index, [x, p, value]] of cases.entries()) {
      const what = `${x} ** ${p}`;
      if (Number.isFinite(value) && value !== 0) expect(Math.abs(y[index]! / value - 1), what).toBeLessThanOrEqual(12 * EPSILON);
      else expect(Math.abs(value) === 0 ? Math.abs(y[index]!) : y[index], what).toEqual(value);
    }
  });

  it("maximum and minimum keep NaN", async () => {
    const a = Float32Array.of(Number.NaN, 1, Number.NaN, 2, -Infinity);
    const b = Float32Array.of(1, Number.NaN, Number.NaN, 3, 5);
    expect([...(await on((x, y) => maximum(x!, y!), a, b))]).toEqual([Number.NaN, Number.NaN, Number.NaN, 3, 5]);
    expect([...(await on((x, y) => minimum(x!, y!), a, b))]).toEqual([Number.NaN, Number.NaN, Number.NaN, 2, -Infinity]);
  });

  it("cast rounds towards zero and stays in range", async () => {
    const x = Float32Array.of(1.9, -1.9, 3e9, -3e9, 5e9, 0.5);
    const casted = async (dtype: "i32" | "u32"): Promise<number[]> => {
      const result = gpu.wrap(cast(gpu.tensor(x).node, dtype));
      return [...(await result.data())];
    };
    expect(await casted("i32")).toEqual([1, -1, 2 ** 31 - 128, -(2 ** 31), 2 ** 31 - 128, 0]);
    expect(await casted("u32")).toEqual([1, 0, 3e9, 0, 2 ** 32 - 256, 0]);
  });
});
