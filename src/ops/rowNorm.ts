/** Normalisation along the rows of [rows, features], or along equal parts of them: layer, RMS and group norm, and norms of weights. */
import { FathomError } from "../core/errors.ts";
import { makeNode, type Node, type TensorType } from "../graph/node.ts";
import type { Listed, Op, Reference } from "../graph/op.ts";
import { add, mul, sub } from "./binary.ts";
import { equal, where } from "./compare.ts";
import { defineOp, literal, pick } from "./define.ts";
import { reshape } from "./layout.ts";
import { mean, sum } from "./reduce.ts";
import { forwardPlan, gradientPlan, type RowNormAttributes } from "./rowNormKernel.ts";
import { reciprocal, sqrt } from "./unary.ts";

export type { RowNormAttributes };

const linesOf = (shape: readonly number[], groups: number): number => shape[0]! * groups;

/** Inputs x [rows, features], and gamma and beta where there are any; outputs y, and statistics [1 or 3, lines]: 1 / √(…), pivot, mean − pivot. */
export const rowNormOp: Op<RowNormAttributes> = defineOp<RowNormAttributes>({
  name: "rowNorm",
  infer: ([x], { groups, centered }) => [
    { shape: x.shape, dtype: "f32" },
    { shape: [centered ? 3 : 1, linesOf(x.shape, groups)], dtype: "f32" },
  ],
  vjp: ({ dys: [dy, dStatistics], y, inputs: [x, gamma], attributes }) => {
    if (dStatistics) throw new FathomError("internal", "rowNorm: its statistics were differentiated; they are meant for its gradient only");
    if (!dy) return [];
    const scaled = attributes.scale !== "none";
    const node = makeNode(rowNormGradientOp, [dy, x, pick(y, 1), ...(scaled ? [gamma] : [])], attributes);
    return node.outputs.map((_, index) => pick(node, index));
  },
  // Its first output; the statistics are not differentiated.
  decompose: ([x, gamma, beta], attributes) => {
    const flat = reshape(normalize(x, attributes).normalized, x.shape);
    if (attributes.scale === "lines") return mul(flat, lineFactor(gamma, x));
    const scaled = attributes.scale === "features" ? mul(flat, gamma) : flat;
    return attributes.shift ? add(scaled, beta) : scaled;
  },
  reference: ([x, gamma, beta], attributes) => {
    const { groups, centered, scale, shift } = attributes;
    const { lines, length, means, inverses } = statisticsOf(x, attributes);
    const features = x.shape[1]!;
    const y = x.data.map((value, index) => {
      const line = Math.floor(index / length);
      const normalized = (value - means[line]!) * inverses[line]!;
      if (scale === "lines") return (normalized * gamma.data[line]!) / Math.sqrt(length);
      const scaled = scale === "features" ? normalized * gamma.data[index % features]! : normalized;
      return shift ? scaled + beta.data[index % features]! : scaled;
    });
    const statistics = new Float64Array((centered ? 3 : 1) * lines);
    statistics.set(inverses);
    if (centered) statistics.set(means, lines);
    return [
      { shape: x.shape, data: y },
      { shape: [centered ? 3 : 1, x.shape[0]! * groups], data: statistics },
    ];
  },
  form: {
    kind: "kernel",
    kernel: ([x], _outputs, attributes, target) => forwardPlan(x.shape, attributes, target),
    fusesEpilogue: true,
    checked: true,
  },
});

/** Inputs dy, x, the forward pass's statistics and gamma; outputs dx, dgamma and dbeta, as far as there are such. */
export const rowNormGradientOp: Op<RowNormAttributes> = defineOp<RowNormAttributes>({
  name: "rowNormGradient",
  infer: ([, x, , gamma], { scale, shift }) => {
    const types: TensorType[] = [{ shape: x.shape, dtype: "f32" }];
    if (scale !== "none") types.push({ shape: gamma.shape, dtype: "f32" });
    if (shift) types.push({ shape: gamma.shape, dtype: "f32" });
    return types;
  },
  vjp: "decompose",
  // From x alone: the statistics are functions of it, and a second derivative goes through them.
  decompose: ([dy, x, , gamma], attributes) => {
    const { whole, normalized, inverse } = normalize(x, attributes);
    const { scale, shift, centered } = attributes;
    const factor = scale === "lines" ? lineFactor(gamma, x) : gamma;
    const g = reshape(scale === "none" ? dy : mul(dy, factor), whole);
    const along = mul(normalized, mean(mul(g, normalized), 2, true));
    const inner = sub(centered ? sub(g, mean(g, 2, true)) : g, along);
    const dx = reshape(mul(inner, inverse), x.shape);
    const products = mul(dy, reshape(normalized, x.shape));
    if (scale === "lines") return [dx, reshape(mul(sum(products, 1), literal(1 / Math.sqrt(x.shape[1]!))), gamma.shape)];
    return [dx, ...(scale === "features" ? [sum(products, 0)] : []), ...(shift ? [sum(dy, 0)] : [])];
  },
  reference: (inputs, attributes) => gradientReference(inputs, attributes),
  form: {
    kind: "kernel",
    kernel: ([, x], _outputs, attributes, target) => gradientPlan(x.shape, attributes, target),
    fusesEpilogue: true,
  },
});

/** What x̂, whose norm is √length, is multiplied by to have the norm gamma; one for each row. */
const lineFactor = (gamma: Node, x: Node): Node => mul(reshape(gamma, [x.shape[0]!, 1]), literal(1 / Math.sqrt(x.shape[1]!)));

interface Normalized {
  /** [rows, groups, length] */
  readonly whole: readonly number[];
  readonly normalized: Node;
  readonly inverse: Node;
}

function normalize(x: Node, { groups, centered, epsilon }: RowNormAttributes): Normalized {
  const whole = [x.shape[0]!, groups, x.shape[1]! / groups];
  const lines = reshape(x, whole);
  const centre = centered ? sub(lines, mean(lines, 2, true)) : lines;
  const meanSquare = mean(mul(centre, centre), 2, true);
  const inverse = epsilon === 0 ? inverseOrZero(meanSquare) : reciprocal(sqrt(add(meanSquare, literal(epsilon))));
  return { whole, normalized: mul(centre, inverse), inverse };
}

/** 1 / √x, and 0 at 0, gradients included. */
function inverseOrZero(x: Node): Node {
  const zero = equal(x, literal(0));
  return where(zero, literal(0), reciprocal(sqrt(where(zero, literal(1), x))));
}

interface Statistics {
  readonly lines: number;
  readonly length: number;
  readonly means: Float64Array;
  readonly inverses: Float64Array;
}

function statisticsOf({ shape, data }: Reference, { groups, centered, epsilon }: RowNormAttributes): Statistics {
  const lines = linesOf(shape, groups);
  const length = shape[1]! / groups;
  const means = new Float64Array(lines);
  const squares = new Float64Array(lines);
  if (centered)
    data.forEach((value, index) => {
      means[Math.floor(index / length)]! += value / length;
    });
  data.forEach((value, index) => {
    const line = Math.floor(index / length);
    squares[line]! += (value - means[line]!) ** 2 / length;
  });
  return { lines, length, means, inverses: squares.map((square) => (square + epsilon === 0 ? 0 : 1 / Math.sqrt(square + epsilon))) };
}

function gradientReference([dy, x, , gamma]: Listed<Reference>, attributes: RowNormAttributes): Reference[] {
  const { centered, scale, shift } = attributes;
  const { lines, length, means, inverses } = statisticsOf(x, attributes);
  const features = x.shape[1]!;
  const lineOf = (index: number): number => Math.floor(index / length);
  const normalized = x.data.map((value, index) => (value - means[lineOf(index)]!) * inverses[lineOf(index)]!);
  const factorOf = (index: number): number => {
    if (scale === "none") return 1;
    return scale === "features" ? gamma.data[index % features]! : gamma.data[lineOf(index)]! / Math.sqrt(length);
  };
  const g = dy.data.map((value, index) => value * factorOf(index));
  const sums = new Float64Array(lines);
  const along = new Float64Array(lines);
  const dgamma = new Float64Array(scale === "none" ? 0 : gamma.data.length);
  const dbeta = new Float64Array(shift ? features : 0);
  g.forEach((value, index) => {
    const line = lineOf(index);
    if (centered) sums[line]! += value;
    along[line]! += value * normalized[index]!;
    const product = dy.data[index]! * normalized[index]!;
    if (scale === "features") dgamma[index % features]! += product;
    if (scale === "lines") dgamma[line]! += product / Math.sqrt(length);
    if (shift) dbeta[index % features]! += dy.data[index]!;
  });
  const dx = g.map((value, index) => {
    const line = lineOf(index);
    return inverses[line]! * (value - sums[line]! / length - (normalized[index]! * along[line]!) / length);
  });
  const found: Reference[] = [{ shape: x.shape, data: dx }];
  if (scale !== "none") found.push({ shape: gamma.shape, data: dgamma });
  if (shift) found.push({ shape: gamma.shape, data: dbeta });
  return found;
}
