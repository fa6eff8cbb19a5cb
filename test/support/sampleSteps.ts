/** Steps of random graphs made of the samples of the op table, so that a new op is drawn as soon as it has samples. */
import { type DType, typedArray } from "../../src/core/dtype.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import type { Node } from "../../src/graph/node.ts";
import { add, mul } from "../../src/ops/binary.ts";
import { concat } from "../../src/ops/concat.ts";
import { input, literal } from "../../src/ops/define.ts";
import { slice } from "../../src/ops/slice.ts";
import { cast, sigmoid } from "../../src/ops/unary.ts";
import { reshape } from "../../src/ops/views.ts";
import type { OpName } from "./opTable.ts";
import { type Operand, type Sample, valuesOf } from "./sample.ts";
import { SAMPLES } from "./samples.ts";

/** Makes a leaf that holds these values, and is no variable. */
export type Hold = (shape: Shape, dtype: DType, values: ReturnType<typeof typedArray>) => Node;

/** More would make the error analysis slow, which moves one element after another. */
const MOST_ELEMENTS = 64;

const drawn = ({ operands }: Sample): boolean =>
  operands.every(({ shape }) => sizeOf(shape) > 0 && sizeOf(shape) <= MOST_ELEMENTS) && operands.length <= 6;

/** What can be drawn, by name. */
export const SAMPLE_STEPS: readonly { readonly name: OpName; readonly samples: readonly Sample[] }[] = Object.entries(SAMPLES).map(
  ([name, samples]) => ({ name: name as OpName, samples: (samples as readonly Sample[]).filter(drawn) }),
);

/** The sample's op on nodes of the graph, brought into the shapes and ranges that it is meant for. */
export function sampleStep(at: number, nodes: readonly Node[], turn: number, hold: Hold): Node | null {
  const { samples } = SAMPLE_STEPS[at % SAMPLE_STEPS.length]!;
  const sample = samples[turn % samples.length];
  if (!sample) return null;
  const { operands, build } = sample;
  // A whole number that follows from a rounded one may be any: those are drawn on exact numbers.
  const exact = build(...operands.map(({ shape, dtype }) => input(shape, dtype ?? "f32"))).dtype !== "f32";
  const made = build(
    ...operands.map((operand, index) =>
      exact || operand.values || (operand.dtype ?? "f32") !== "f32"
        ? leaf(operand, index, hold)
        : molded(nodes[index % nodes.length]!, operand, index, hold),
    ),
  );
  if (sizeOf(made.shape) === 0) return null;
  return made.dtype === "f32" ? made : cast(made, "f32");
}

function leaf(operand: Operand, turn: number, hold: Hold): Node {
  const { shape, dtype = "f32" } = operand;
  return hold(shape, dtype, typedArray(dtype, valuesOf(operand, sizeOf(shape), turn)));
}

/** As many elements of `x` as are needed, and of a leaf where there are too few, between the operand's limits. */
function molded(x: Node, operand: Operand, turn: number, hold: Hold): Node {
  const { shape, low, high } = operand;
  const [size, own] = [sizeOf(shape), sizeOf(x.shape)];
  const flat = reshape(x, [own]);
  const missing = size - own;
  const filled =
    missing > 0
      ? concat([flat, leaf({ shape: [missing] }, turn, hold)], 0)
      : missing < 0
        ? slice(flat, [{ start: Math.floor(-missing / 2), end: Math.floor(-missing / 2) + size }])
        : flat;
  const ranged =
    low === undefined || high === undefined
      ? filled
      : add(mul(sigmoid(filled), literal(Math.fround(high - low))), literal(Math.fround(low)));
  return reshape(ranged, shape);
}
