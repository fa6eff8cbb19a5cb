/** Layer, RMS and group norm and normalised weights: gradient rules against central differences, their parts, and what they refuse. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import { type Node, topologicalOrder } from "../../src/graph/node.ts";
import { mul } from "../../src/ops/binary.ts";
import { input, pick, pickOp } from "../../src/ops/define.ts";
import { groupNorm, layerNorm, rmsNorm, weightNorm, weightStandardization } from "../../src/ops/normalize.ts";
import { sum } from "../../src/ops/reduce.ts";
import { rowNormOp } from "../../src/ops/rowNorm.ts";
import { slice } from "../../src/ops/slice.ts";
import { reshape } from "../../src/ops/views.ts";
import { checkGradients, computeFloat64, spread } from "../support/float64.ts";

/** Differences over five points with h = 1e-3 are off by h⁴·f⁽⁵⁾/30 and by 2⁻⁵²/h = 2e-13; fifth derivatives here stay below 1e5. */
const TOLERANCE = 1e-8;

interface Sample {
  readonly name: string;
  readonly shapes: readonly Shape[];
  readonly build: (...inputs: Node[]) => Node;
}

const samples: readonly Sample[] = [
  { name: "layerNorm", shapes: [[3, 5], [5], [5]], build: (x, g, b) => layerNorm(x!, g!, b!, 1e-2) },
  { name: "layerNorm of rank 3, scaled only", shapes: [[2, 2, 4], [4]], build: (x, g) => layerNorm(x!, g!, null, 1e-2) },
  { name: "layerNorm of one feature", shapes: [[3, 1], [1], [1]], build: (x, g, b) => layerNorm(x!, g!, b!, 1e-2) },
  { name: "layerNorm without scale and shift", shapes: [[3, 5]], build: (x) => layerNorm(x!, null, null, 1e-2) },
  { name: "rmsNorm", shapes: [[3, 5], [5]], build: (x, g) => rmsNorm(x!, g!, 1e-2) },
  { name: "rmsNorm without scale", shapes: [[4]], build: (x) => rmsNorm(x!, null, 1e-2) },
  { name: "groupNorm", shapes: [[3, 6], [6], [6]], build: (x, g, b) => groupNorm(x!, 2, g!, b!, 1e-2) },
  {
    name: "weightNorm",
    shapes: [
      [3, 4],
      [3, 1],
    ],
    build: (v, g) => weightNorm(v!, g!),
  },
  { name: "weightStandardization", shapes: [[3, 4]], build: (v) => weightStandardization(v!) },
];

function given({ shapes, build }: Sample): { root: Node; inputs: Node[]; values: Map<Node, ArrayLike<number>> } {
  const inputs = shapes.map((shape) => input(shape, "f32"));
  return { root: build(...inputs), inputs, values: new Map(inputs.map((node, index) => [node, spread(sizeOf(node.shape), index + 3)])) };
}

describe("gradients", () => {
  it.each(samples)("of $name", (sample) => {
    const { root, inputs, values } = given(sample);
    for (const { worst } of checkGradients(root, inputs, values)) expect(worst).toBeLessThan(TOLERANCE);
  });

  it.each(samples)("of the gradients of $name", (sample) => {
    const { root, inputs, values } = given(sample);
    const gradients = backward([{ node: sum(mul(root, mul(root, root))) }], inputs);
    for (const gradient of gradients)
      for (const { worst } of checkGradients(gradient!, inputs, values)) expect(worst).toBeLessThan(TOLERANCE);
  });
});

function expectClose(actual: Float64Array, expected: Float64Array): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) expect(actual[index]!).toBeCloseTo(value, 12);
}

describe("row norms", () => {
  const kinds: [string, (x: Node, g: Node, b: Node) => Node][] = [
    ["layerNorm", (x, g, b) => layerNorm(x, g, b, 1e-5)],
    ["groupNorm", (x, g, b) => groupNorm(x, 3, g, b, 1e-5)],
    ["rmsNorm", (x, g) => rmsNorm(x, g, 1e-6)],
    ["weightNorm", (x, g) => weightNorm(x, reshape(slice(g, [{ end: 4 }]), [4, 1]))],
    ["weightStandardization", (x) => weightStandardization(x)],
  ];
  it.each(kinds)("equal their parts: %s", (_, build) => {
    const [x, g, b, dy] = [input([4, 6], "f32"), input([6], "f32"), input([6], "f32"), input([4, 6], "f32")];
    const y = build(x, g, b);
    const forward = y.inputs[0]!;
    const [dx] = backward([{ node: y, gradient: dy }], [x]);
    const values = new Map<Node, ArrayLike<number>>([x, g, b, dy].map((node, index) => [node, spread(sizeOf(node.shape), index + 2)]));
    for (const whole of [forward, dx!.op === pickOp ? dx!.inputs[0]! : dx!]) {
      const built = whole.op.decompose!(whole.inputs as never, whole.attributes);
      const parts = Array.isArray(built) ? (built as readonly Node[]) : [built as Node];
      expect(parts.length).toBeGreaterThan(0);
      const truths = computeFloat64(
        parts.map((_part, index) => pick(whole, index)),
        values,
      );
      for (const [index, data] of computeFloat64(parts, values).entries()) expectClose(data, truths[index]!);
    }
  });

  it("are made of simpler ops where a row is too long for one kernel", () => {
    const x = input([2, 20000], "f32");
    const y = layerNorm(x, null, null, 1e-5);
    expect(topologicalOrder([y]).some(({ op }) => op === rowNormOp)).toBe(false);
    const found = computeFloat64([y], new Map([[x, spread(40000)]]))[0]!;
    expect(found.subarray(0, 20000).reduce((total, value) => total + value * value, 0) / 20000).toBeCloseTo(1, 3);
  });

  it("keep a row of zeros under weightNorm, and give it no gradient", () => {
    const [v, g] = [input([2, 3], "f32"), input([2, 1], "f32")];
    const w = weightNorm(v, g);
    const gradients = backward([{ node: sum(mul(w, w)) }], [v, g]);
    const values = new Map<Node, ArrayLike<number>>([
      [v, [0, 0, 0, 3, 0, -4]],
      [g, [2, 10]],
    ]);
    const [weight, dv, dg] = computeFloat64([w, ...gradients.map((node) => node!)], values);
    expectClose(weight!, Float64Array.of(0, 0, 0, 6, 0, -8));
    // ‖W‖ is g whatever v is.
    expectClose(dv!, new Float64Array(6));
    expectClose(dg!, Float64Array.of(0, 20));
  });
});

describe("errors", () => {
  const f = (...shape: number[]): Node => input(shape, "f32");
  it.each([
    ["groups that do not divide the features", () => groupNorm(f(4, 6), 4, null, null, 1e-5), /6 features do not divide into 4 groups/],
    ["rows of groups of another rank", () => groupNorm(f(6), 2, null, null, 1e-5), /x is f32\[6\]; it must be \[rows, features\]/],
    ["a row's scale of another length", () => layerNorm(f(4, 3), f(4), null, 1e-5), /the scale is f32\[4\].*must be f32\[3\]/],
    ["a row's shift without a scale", () => layerNorm(f(4, 3), null, f(3), 1e-5), /a shift and no scale/],
    ["an epsilon of 0", () => rmsNorm(f(4, 3), null, 0), /rmsNorm: epsilon is 0; use a finite number above 0/],
    ["a norm of no rows' shape", () => weightNorm(f(4, 3), f(4)), /v is f32\[4,3\] and g f32\[4\]/],
  ])("name %s", (_, build, message) => {
    expect(build).toThrow(message);
    expect(build).toThrow(expect.objectContaining({ name: "FathomError" }));
  });
});
