/** Builders without a GPU: shapes, errors that say what to do, formula constants that fold, and views that need no copy. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { elu, leakyRelu } from "../../src/ops/activations.ts";
import { argmax } from "../../src/ops/argReduce.ts";
import { add, div, maximum, mul, neg, sub } from "../../src/ops/binary.ts";
import { constantOf } from "../../src/ops/broadcast.ts";
import { equal, where } from "../../src/ops/compare.ts";
import { concat } from "../../src/ops/concat.ts";
import { input, literal, scalar } from "../../src/ops/define.ts";
import { erf, erfc } from "../../src/ops/erf.ts";
import { glu, swiglu } from "../../src/ops/gated.ts";
import { embedding, gather } from "../../src/ops/gather.ts";
import { arange, full, oneHot, zeros } from "../../src/ops/indices.ts";
import { celu, prelu } from "../../src/ops/laterActivations.ts";
import { clamp, pow, powNumber } from "../../src/ops/power.ts";
import { amax, max, mean, sum, sumTo, variance } from "../../src/ops/reduce.ts";
import { pad, slice } from "../../src/ops/slice.ts";
import { cast, exp, tanh } from "../../src/ops/unary.ts";
import { broadcastTo, reshape, squeeze, transpose, unsqueeze } from "../../src/ops/views.ts";
import { lower } from "../../src/plan/lower.ts";
import { computeFloat64 } from "../support/float64.ts";

const f = (...shape: number[]): Node => input(shape, "f32");
const i = (...shape: number[]): Node => input(shape, "i32");
const target: Target = { adapterClass: "software", subgroups: false };
const labels = (...roots: Node[]): string[] => lower({ roots, assignments: [], target }).plan.dispatches.map(({ label }) => label);

describe("errors name the op, the shapes and the remedy", () => {
  it.each<[string, string, () => unknown, RegExp]>([
    ["shapes that do not broadcast", "shape", () => add(f(2, 3), f(4)), /^add: shapes \[2,3\] and \[4\] do not broadcast/],
    ["dtypes that differ", "dtype", () => mul(f(2), i(2)), /^mul: dtypes differ: f32\[2\] and i32\[2\].*\.cast\(\)/],
    ["integers where floats are needed", "dtype", () => exp(i(2)), /^exp: takes f32, got i32\[2\].*cast\("f32"\)/],
    ["choices of two dtypes", "dtype", () => where(f(2), f(2), i(2)), /^where: the two choices are f32\[2\] and i32\[2\]/],
    ["a reshape to another size", "shape", () => reshape(f(2, 3), [4]), /^reshape: f32\[2,3\] has 6 elements, and \[4\] has 4/],
    [
      "a reshape that does not divide",
      "shape",
      () => reshape(f(2, 3), [4, -1]),
      /^reshape: f32\[2,3\] has 6 elements, which \[4,-1\] cannot hold/,
    ],
    ["two open dimensions", "shape", () => reshape(f(2, 3), [-1, -1]), /one dimension may be -1/],
    ["halves of an odd number", "shape", () => glu(f(2, 3)), /^glu: x is f32\[2,3\].*even number of features/],
    ["halves of nothing", "shape", () => swiglu(f()), /^swiglu: x is f32\[\]/],
    [
      "a slope that does not broadcast",
      "shape",
      () => prelu(f(3), f(2, 3)),
      /^prelu: the slope is f32\[2,3\], which does not broadcast to x f32\[3\]/,
    ],
    ["a celu without an alpha", "argument", () => celu(f(3), 0), /^celu: alpha is 0; use a finite number above 0/],
    [
      "an axis named twice",
      "argument",
      () => transpose(f(2, 3), [0, 0]),
      /^transpose: axes \[0,0\] must name each of the 2 axes of f32\[2,3\] once/,
    ],
    ["an axis out of range", "argument", () => sum(f(2, 3), 2), /^sum: axis 2 is outside a tensor of rank 2; use -2 to 1/],
    ["a stretch of an axis that is not 1", "shape", () => broadcastTo(f(2), [3]), /^broadcastTo: shapes \[2\] and \[3\]/],
    ["a stretch that shrinks", "shape", () => broadcastTo(f(3), [1]), /^broadcastTo: f32\[3\] does not stretch to \[1\]/],
    ["a wide axis squeezed", "shape", () => squeeze(f(2, 1), 0), /^squeeze: axis 0 of f32\[2,1\] is 2 long/],
    ["too many axes", "shape", () => unsqueeze(f(1, 1, 1, 1, 1, 1), 0), /rank 7 is over the limit of 6/],
    ["the largest of nothing", "shape", () => amax(f(2, 0), 1), /^amax: axes \[1\] of f32\[2,0\] are empty/],
    ["the largest along an empty axis", "shape", () => max(f(0, 2), 0), /^max: axes \[0\] of f32\[0,2\] are empty/],
    ["a place in nothing", "shape", () => argmax(f(2, 0), 1), /^argmax: axis 1 of f32\[2,0\] is empty/],
    ["more ranges than axes", "argument", () => slice(f(2), [null, null]), /^slice: 2 ranges were given for f32\[2\]/],
    ["a step of 0", "argument", () => slice(f(2), [{ step: 0 }]), /^slice: step of axis 0 is 0; use at least 1/],
    ["half an element", "argument", () => slice(f(2), [{ start: 0.5 }]), /^slice: start of axis 0 is 0.5; use a whole number/],
    ["a pad for another rank", "argument", () => pad(f(2), []), /^pad: 0 pairs of amounts were given for f32\[2\]/],
    ["a negative pad", "argument", () => pad(f(2), [[-1, 0]]), /^pad: the amounts of axis 0 are \[-1,0\]/],
    ["nothing to join", "argument", () => concat([]), /^concat: was given no tensors/],
    ["parts that do not fit", "shape", () => concat([f(2, 3), f(2, 4)], 0), /^concat: f32\[2,3\] and f32\[2,4\] differ beside axis 0/],
    ["parts of two dtypes", "dtype", () => concat([f(2), i(2)]), /^concat: f32\[2\] and i32\[2\] differ in dtype/],
    ["an index of floats", "dtype", () => gather(f(2), f(2)), /^gather \(index\): takes i32 or u32, got f32\[2\]/],
    ["a table of rank 3", "shape", () => embedding(f(2, 2, 2), i(2)), /^embedding: the table is f32\[2,2,2\]; it must be \[count, size\]/],
    ["a scalar to pick from", "shape", () => gather(f(), i(2)), /^gather: f32\[\] has no axis/],
    ["a fraction as an integer", "argument", () => full([2], 0.5, "i32"), /^full: 0.5 is no value of i32\[2\]/],
  ])("%s", (_, code, build, message) => {
    expect(build).toThrow(expect.objectContaining({ name: "FathomError", code, message: expect.stringMatching(message) }));
  });
});

describe("formula constants", () => {
  const x = f(2, 3);

  it("leave out what changes nothing", () => {
    for (const same of [
      add(x, literal(0)),
      add(literal(0), x),
      sub(x, literal(0)),
      mul(x, literal(1)),
      mul(literal(1), x),
      div(x, literal(1)),
    ])
      expect(same).toBe(x);
    expect(mul(x, broadcastTo(literal(1), [2, 3]))).toBe(x);
    expect(neg(neg(x))).toBe(x);
    expect(pow(x, literal(1))).toBe(x);
    expect(cast(x, "f32")).toBe(x);
    for (const same of [
      reshape(x, [2, 3]),
      transpose(x, [0, 1]),
      broadcastTo(x, [2, 3]),
      slice(x, [null]),
      pad(x, [
        [0, 0],
        [0, 0],
      ]),
      concat([x]),
    ])
      expect(same).toBe(x);
  });

  it("but not where the shape would change, nor for numbers of the user's", () => {
    expect(add(f(), broadcastTo(literal(0), [3])).shape).toEqual([3]);
    expect(mul(x, scalar(1))).not.toBe(x);
    expect(labels(mul(x, scalar(1)))).toEqual(["mul"]);
  });

  it("fold in float64, if float32 can hold the result", () => {
    expect(constantOf(mul(literal(0.1), literal(0.2)))).toBe(0.1 * 0.2);
    expect(constantOf(sum(broadcastTo(literal(0.1), [2, 3])))).toBe(0.1 * 6);
    // Infinity cannot be written into a shader.
    expect(constantOf(div(literal(1), literal(0)))).toBeNull();
    expect(constantOf(mul(literal(3e38), literal(3e38)))).toBeNull();
  });

  it("make the gradient of a sum no work at all", () => {
    const [gradient] = backward([{ node: sum(x) }], [x]);
    expect(constantOf(gradient!)).toBe(1);
    const [scaled] = backward([{ node: mean(x) }], [x]);
    expect(constantOf(scaled!)).toBe(1 / 6);
  });

  it("choose formulas of simple powers", () => {
    expect(powNumber(x, 2).op.name).toBe("square");
    expect(powNumber(x, 0.5).op.name).toBe("sqrt");
    expect(powNumber(x, -1).op.name).toBe("reciprocal");
    expect(powNumber(x, 2.5).op.name).toBe("pow");
    expect(constantOf(powNumber(x, 0))).toBe(1);
  });
});

describe("powers", () => {
  it("have no gradient where the exponent is 0, also of a base of 0, where p·x^(p−1) would be 0 times infinity", () => {
    const x = f(3);
    const [gradient] = backward([{ node: sum(pow(x, scalar(0))) }], [x]);
    expect([...computeFloat64([gradient!], new Map([[x, [0, -2, 3]]]))[0]!]).toEqual([0, 0, 0]);
  });
});

describe("empty reductions", () => {
  it("sum to 0, and have no mean", () => {
    expect(constantOf(sum(f(0, 3), 0))).toBe(0);
    expect(sum(f(0, 3), 0, true).shape).toEqual([1, 3]);
    expect(sum(f(0, 3), 1).shape).toEqual([0]);
    expect([...computeFloat64([mean(f(0, 2), 0)], new Map())[0]!]).toEqual([Number.NaN, Number.NaN]);
    expect([...computeFloat64([variance(f(0, 2), 0)], new Map())[0]!]).toEqual([Number.NaN, Number.NaN]);
  });

  it("reduce nothing where an axis has one element", () => {
    const x = f(3, 1);
    expect(labels(add(sum(x, 1), literal(1)))).toEqual(["add"]);
    expect(amax(x, 1, true)).toBe(x);
  });
});

describe("views", () => {
  it("need no copy: transposes, slices, stretches and reshapes ride in their reader", () => {
    const x = f(4, 6);
    for (const look of [transpose(x), slice(x, [{ start: 1 }, { step: 2 }]), broadcastTo(x, [3, 4, 6]), reshape(x, [2, 2, 3, 2])])
      expect(labels(tanh(look))).toEqual(["tanh"]);
    // Each of the two axes is cut in two: no element moves.
    expect(labels(tanh(reshape(transpose(x), [3, 2, 2, 2])))).toEqual(["tanh"]);
    expect(labels(tanh(reshape(broadcastTo(f(2, 1), [2, 3]), [2, 3, 1])))).toEqual(["tanh"]);
  });

  it("are copied where elements would have to move", () => {
    expect(labels(tanh(reshape(transpose(f(4, 6)), [24])))).toEqual(["copy tanh"]);
  });

  it("are read as they are by reductions, concat and gather", () => {
    const x = transpose(f(4, 6));
    expect(labels(sum(x, 0))).toEqual(["sum"]);
    expect(labels(concat([x, slice(f(6, 9), [null, { end: 4 }])], 1))).toEqual(["concat"]);
    expect(labels(gather(x, i(3)))).toEqual(["gather"]);
    expect(labels(argmax(x, 1))).toEqual(["argmax"]);
  });

  it("clip ranges as NumPy does", () => {
    expect(slice(f(5), [{ start: -2 }]).shape).toEqual([2]);
    expect(slice(f(5), [{ start: 3, end: 100 }]).shape).toEqual([2]);
    expect(slice(f(5), [{ start: 4, end: 2 }]).shape).toEqual([0]);
    expect(slice(f(5), [{ start: -100, end: -1, step: 3 }]).shape).toEqual([2]);
  });
});

describe("fusing", () => {
  it("lets elementwise work ride in a reduction's epilogue, and numbers that count in their reader", () => {
    const x = f(8, 5);
    expect(labels(tanh(mean(x, 1)))).toEqual(["sum mul tanh"]);
    expect(labels(mul(oneHot(i(8), 5), x))).toHaveLength(1);
    expect(labels(add(arange(5, "f32"), f(5)))).toHaveLength(1);
    expect(labels(maximum(zeros([5]), f(5)))).toHaveLength(1);
  });

  it("takes a user's numbers as data", () => {
    const x = f(4);
    const texts = [0.1, 0.2].map((value) =>
      JSON.stringify(lower({ roots: [clamp(leakyRelu(elu(x, value), value), -value, value)], assignments: [], target }).plan.kernels),
    );
    expect(texts[0]).toBe(texts[1]);
  });
});

describe("sums that undo a broadcast", () => {
  it("have the shape that was stretched", () => {
    for (const [from, to] of [
      [[2, 3], []],
      [[2, 3], [3]],
      [
        [2, 3],
        [2, 1],
      ],
      [
        [4, 2, 3],
        [1, 3],
      ],
      [
        [1, 3],
        [1, 3],
      ],
    ] as const)
      expect(sumTo(f(...from), to).shape).toEqual(to);
  });
});

describe("masks", () => {
  it("are f32, whatever is compared", () => {
    expect(equal(i(3), i(3)).dtype).toBe("f32");
    const [data] = computeFloat64([equal(arange(3), full([3], 1, "i32"))], new Map());
    expect([...data!]).toEqual([0, 1, 0]);
  });

  it("have a row of zeros for what is no class", () => {
    const classes = i(3);
    const [data] = computeFloat64([oneHot(classes, 2)], new Map([[classes, [1, -1, 2]]]));
    expect([...data!]).toEqual([0, 1, 0, 0, 0, 0]);
  });
});

describe("erf in float64", () => {
  // Abramowitz and Stegun, table 7.1, and erfc 2 to 5 from the continued fraction's published values.
  it.each([
    [0.5, 0.5204998778],
    [1, 0.8427007929],
    [1.5, 0.9661051465],
    [2, 0.995322265],
  ])("of %d", (x, value) => {
    expect(erf(x)).toBeCloseTo(value, 10);
    expect(erf(-x)).toBe(-erf(x));
    expect(erfc(x)).toBeCloseTo(1 - value, 9);
  });

  it("is one function where its two formulas meet", () => {
    for (const x of [2 - 1e-9, 2 + 1e-9]) expect(erfc(x)).toBeCloseTo(0.004677734981063144, 10);
    expect(Math.abs(erfc(3) / 2.209049699858544e-5 - 1)).toBeLessThan(1e-13);
    expect(Math.abs(erfc(5) / 1.537459794428035e-12 - 1)).toBeLessThan(1e-13);
  });
});
