/** Layer and RMS norm as a stack computes them, on rows that a careless sum would lose: against float64, values and gradients. */
import { describe, expect, it, vi } from "vitest";
import { nn } from "../../src/index.ts";
import { rowNormOp } from "../../src/ops/rowNorm.ts";
import { type StackAttributes, stackGradientOp, stackOp } from "../../src/ops/stack/stack.ts";
import { spread } from "../support/float64.ts";
import { expectNear, f32, referenceOf, runKernel } from "../support/runKernel.ts";
import { type Body, stackCase } from "../support/stackCases.ts";

vi.setConfig({ testTimeout: 120_000 });

const ULP = 2 ** -23;
/** Below this a GPU may take a number for 0. */
const LEAST_NORMAL = 2 ** -126;

/** Element `column` of a row, from a number in (−1, 1). */
type Row = (value: number, column: number) => number;

const times = (count: number, make: (index: number) => Row): Row[] => Array.from({ length: count }, (_, index) => make(index));

/** One pipeline takes them all: the first and the last lie in different workgroups, and the last workgroup is not full. */
const rowsOf = (width: number): Row[] => [
  ...times(3, () => (value) => value),
  ...times(4, () => (value) => value + 1e6),
  ...times(2, () => (value) => 1e-3 * value - 10),
  // A pivot on the other side of it than the mean would cost the digits of what is left.
  ...times(8, () => (value, column) => (column === 0 ? 1000 + value : value)),
  // Squares of that number overflow, or all others vanish, at a scale that is not its own.
  ...times(9, (index) => (value, column) => (column === (7 * index) % width ? 1e25 : 1e-30) * (0.5 + value / 4)),
  // At 3e-19 squares are as small as the least epsilon, and some of them no normal numbers.
  ...[1e-30, 1e-19, 3e-19, 1e-14, 1e-6, 1e-3, 1e10, 1e25].map(
    (size): Row =>
      (value) =>
        size * value,
  ),
  // Scaled, the power of two has a mean square of 1.
  ...[0, -1.7e6, 1e25, 2 ** 40].map(
    (size): Row =>
      () =>
        size,
  ),
];

interface Case {
  readonly name: string;
  readonly width: number;
  readonly centered: boolean;
  readonly epsilon: number;
  readonly norm: (width: number, epsilon: number) => nn.Module;
}

/** A norm before a linear layer of weight I, which is exact. A width that is a power of two leaves a constant row's mean exact in float64 too. */
function oneNorm(
  { width, epsilon, norm }: Case,
  rows: number,
): { attributes: StackAttributes; parameters: Float32Array; gamma: Float32Array } {
  const body: Body = (features) => [norm(features, epsilon), nn.linear(features, features)];
  const attributes = { ...stackCase(body, width, rows, 2).attributes, layers: 1, keeps: true };
  const { round, stride } = attributes;
  const normInputs = round.nodes.find(({ op }) => op === rowNormOp)!.inputs;
  const parameters = new Float32Array(stride);
  const gamma = spread(width, 2).map((value) => 1 + 0.5 * value);
  for (const { node, offset } of round.leaves.parameters) {
    if (node === normInputs[1]) parameters.set(gamma, offset);
    else if (node === normInputs[2]) parameters.set(spread(width, 3), offset);
    else if (node.shape.length === 2) for (let at = 0; at < width; at++) parameters[offset + at * width + at] = 1;
  }
  return { attributes, parameters, gamma };
}

describe("norms in a stack", () => {
  it.each<Case>([
    { name: "layer norm", width: 128, centered: true, epsilon: 2e-38, norm: (features, epsilon) => nn.layerNorm(features, { epsilon }) },
    { name: "RMS norm", width: 8, centered: false, epsilon: 1e-6, norm: (features, epsilon) => nn.rmsNorm(features, { epsilon }) },
  ])("lose nothing to a large mean, a first element far from the others or extreme magnitudes: $name", async (one) => {
    const { width, centered, epsilon } = one;
    const made = rowsOf(width);
    const rows = made.length;
    expect(rows % 8, "rows of the last workgroup").toBeGreaterThan(0);
    const { attributes, parameters, gamma } = oneNorm(one, rows);
    const size = rows * width;
    const raw = spread(size);
    const x = f32(
      [rows, width],
      made.flatMap((row, at) => Array.from({ length: width }, (_, column) => row(raw[at * width + column]!, column))),
    );
    const given = [x, f32([parameters.length], parameters)];
    const [y, kept] = await runKernel(stackOp, given, attributes);
    const [trueY] = referenceOf(stackOp, given, attributes);

    const rowOf = (index: number): number => Math.floor(index / width);
    const overRows = (value: (index: number) => number): Float64Array => {
      const sums = new Float64Array(rows);
      for (let index = 0; index < size; index++) sums[rowOf(index)]! += value(index) / width;
      return sums;
    };
    const mean = centered ? overRows((index) => x.data[index]!) : new Float64Array(rows);
    const inverse = overRows((index) => (x.data[index]! - mean[rowOf(index)]!) ** 2).map((square) => 1 / Math.sqrt(square + epsilon));
    const hat = (index: number): number => Math.abs(x.data[index]! - mean[rowOf(index)]!) * inverse[rowOf(index)]!;
    const factor = (index: number): number => gamma[index % width]!;
    // Half an ulp for each term that a lane adds up, and the rounding of a dozen operations, that of inverseSqrt (2 ulp) among them.
    const depth = (Math.ceil(width / 4) + 2) / 2 + 12;
    expectNear(y!, trueY!, (index) => ULP * (depth * (hat(index) + 1) * factor(index) + 1) + LEAST_NORMAL, `y of ${one.name}`);

    const dy = f32([rows, width], spread(size, 4));
    const back = [dy, given[1]!, f32(kept!.shape, kept!.data)];
    const withoutParameters = { ...attributes, parameters: false };
    const [dx] = await runKernel(stackGradientOp, back, withoutParameters);
    const [trueDx] = referenceOf(stackGradientOp, back, withoutParameters);
    const g = (index: number): number => Math.abs(dy.data[index]!) * factor(index);
    const whole = overRows(g);
    const along = overRows((index) => g(index) * hat(index));
    expectNear(
      dx!,
      trueDx!,
      (index) => {
        const row = rowOf(index);
        const terms = g(index) + (centered ? whole[row]! : 0) + (hat(index) + 1) * (along[row]! + whole[row]!);
        return 2 * ULP * depth * inverse[row]! * terms + LEAST_NORMAL * (1 + inverse[row]! + terms);
      },
      `dx of ${one.name}`,
    );
  });
});
