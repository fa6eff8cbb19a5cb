/**
 * Muon over the whole parameter arena: moments and sums of squares, every tensor's norm, matrices laid in stacks by shape, products of whole
 * stacks, update. Matrices of one shape share each product's dispatch, so the count of dispatches follows that of shapes, not the depth.
 */
import grid from "../../../shaders/lib/grid.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import squares from "../../../shaders/lib/squares.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import muonMomentsText from "../../../shaders/muon_moments.wgsl?raw";
import muonStackText from "../../../shaders/muon_stack.wgsl?raw";
import updateMuonText from "../../../shaders/update_muon.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Op, Shader } from "../../graph/op.ts";
import { add, mul } from "../binary.ts";
import { defineOp, literal, pick } from "../define.ts";
import { matmul, swapLast } from "../matmul.ts";
import { pack } from "../pack.ts";
import { reshape, slice } from "../views.ts";
import type { UpdateInputs, UpdateOutputs } from "./elementUpdate.ts";
import { correctionsOf } from "./lamb.ts";
import { CHUNK, NONE, requireWords } from "./layout.ts";
import { normOf, PAIR_WORDS, segmentNorms, squaresOf } from "./segmentNorms.ts";
import { eachOwned, requireUpdateInputs, type UpdateAttributes, updateKernel } from "./update.ts";
import { type AdamAttributes, advanceMoments, momentOverrides } from "./updateAdam.ts";

export const muonMomentsShader: Shader = { name: "muon_moments", text: grid + scaled + squares + update + muonMomentsText };
export const muonStackShader: Shader = { name: "muon_stack", text: grid + scaled + update + muonStackText };
export const updateMuonShader: Shader = { name: "update_muon", text: grid + update + updateMuonText };

export interface MuonAttributes extends UpdateAttributes, Pick<AdamAttributes, "beta1" | "beta2" | "epsilon"> {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** ‖u‖ counts as no less. */
const LEAST_NORM = 1e-7;

const momentumOverrides = ({ momentum, nesterov }: MuonAttributes) => ({ MOMENTUM: momentum, NESTEROV: nesterov ? 1 : 0 });

/** What is orthogonalised; `mean` is the momentum buffer after the update. */
const impulseOf = (g: number, mean: number, { momentum, nesterov }: MuonAttributes): number =>
  nesterov ? (1 - momentum) * g + momentum * mean : mean;

/** Inputs: gradients, chunks, summary, step, parameters, moments. Outputs: moments as they become, and of each chunk of a matrix Σ u². */
export const muonMomentsOp: Op<MuonAttributes> = defineOp<MuonAttributes>({
  name: "muonMoments",
  infer: (inputs) => {
    const [, chunks, , , parameters, moments] = inputs;
    requireUpdateInputs("muonMoments", inputs, parameters);
    requireWords("muonMoments", "moments", moments, 2 * parameters.shape[0]!);
    return [
      { shape: moments.shape, dtype: "f32" },
      { shape: [(chunks.shape[0]! / CHUNK.words) * PAIR_WORDS], dtype: "u32" },
    ];
  },
  vjp: "nondifferentiable",
  reference: (inputs, attributes) => {
    const [, chunks, , , parameters, before] = inputs;
    const moments = before.data.slice();
    const size = parameters.data.length;
    const values: number[][] = Array.from({ length: chunks.data.length / CHUNK.words }, () => []);
    eachOwned(inputs, parameters.data, attributes, (element) => {
      const { index, g, chunk } = element;
      if (chunks.data[chunk * CHUNK.words + CHUNK.stack] === NONE) {
        const kept = [moments[index]!, moments[size + index]!];
        advanceMoments(element, kept, { ...attributes, decoupled: true });
        moments[index] = kept[0]!;
        moments[size + index] = kept[1]!;
      } else {
        moments[index] = attributes.momentum * moments[index]! + (1 - attributes.momentum) * g;
        values[chunk]!.push(impulseOf(g, moments[index]!, attributes));
      }
    });
    const partials = Float64Array.from(values.flatMap((own) => [...squaresOf(own), ...squaresOf([])]));
    return [
      { shape: before.shape, data: moments },
      { shape: [partials.length], data: partials },
    ];
  },
  form: {
    kind: "kernel",
    kernel: (inputs, _outputs, attributes, target) => {
      const { EPSILON: _, ...moments } = momentOverrides(attributes);
      return updateKernel(muonMomentsShader, inputs[1], attributes, target, {
        overrides: {
          PARAMETERS: inputs[4].shape[0]!,
          ONE_MINUS_MOMENTUM: 1 - attributes.momentum,
          ...momentumOverrides(attributes),
          ...moments,
        },
        bindings: [{ input: 4 }, { output: 0 }, { output: 1 }],
      });
    },
    inPlace: { 0: 5 },
  },
});

/** Inputs: gradients, chunks, summary, step, parameters, moments of the first pass, norms. Output: the stacks f32[size], each matrix u/max(‖u‖, 1e-7). */
export const muonStackOp: Op<MuonAttributes & { readonly size: number }> = defineOp<MuonAttributes & { readonly size: number }>({
  name: "muonStack",
  infer: (_, { size }) => ({ shape: [size], dtype: "f32" }),
  vjp: "nondifferentiable",
  reference: (inputs, attributes) => {
    const [, chunks, , , parameters, moments, norms] = inputs;
    const data = new Float64Array(attributes.size);
    eachOwned(inputs, parameters.data, attributes, ({ index, g, segment, chunk }) => {
      const record = chunks.data.subarray(chunk * CHUNK.words);
      const begin = record[CHUNK.stack]!;
      if (begin === NONE) return;
      const [exponent, root] = norms.data.subarray(PAIR_WORDS * segment) as unknown as [number, number];
      data[begin + index - record[CHUNK.offset]!] =
        impulseOf(g, moments.data[index]!, attributes) / Math.max(normOf(exponent, root), LEAST_NORM);
    });
    return { shape: [data.length], data };
  },
  form: {
    kind: "kernel",
    kernel: (inputs, _outputs, attributes, target) =>
      updateKernel(muonStackShader, inputs[1], attributes, target, {
        overrides: momentumOverrides(attributes),
        bindings: [{ input: 4 }, { input: 5 }, { input: 6 }, { output: 0 }],
      }),
  },
});

/** Inputs: gradients, chunks, summary, step, table, parameters, moments of the first pass, stacks. Output: parameters as they become. */
export const updateMuonOp: Op<MuonAttributes> = defineOp<MuonAttributes>({
  name: "updateMuon",
  infer: ([, , , , , parameters]) => ({ shape: parameters.shape, dtype: "f32" }),
  vjp: "nondifferentiable",
  reference: (inputs, attributes) => {
    const [, chunks, summary, , table, before, moments, stacks] = inputs;
    const parameters = before.data.slice();
    const [first, second] = correctionsOf(table, summary);
    eachOwned(inputs, before.data, attributes, ({ index, w, rate, decay, chunk }) => {
      const record = chunks.data.subarray(chunk * CHUNK.words);
      const begin = record[CHUNK.stack]!;
      const direction =
        begin === NONE
          ? (first * moments.data[index]!) / (Math.sqrt(moments.data[parameters.length + index]!) * second + attributes.epsilon)
          : stacks.data[begin + index - record[CHUNK.offset]!]!;
      parameters[index] = w - rate * decay * w - rate * direction;
    });
    return { shape: before.shape, data: parameters };
  },
  form: {
    kind: "kernel",
    kernel: (inputs, _outputs, attributes, target) =>
      updateKernel(updateMuonShader, inputs[1], attributes, target, {
        overrides: { PARAMETERS: inputs[5].shape[0]!, CORRECTIONS: inputs[4].shape[0]! / 2, EPSILON: attributes.epsilon },
        bindings: [{ input: 4 }, { input: 7 }, { output: 0 }, { input: 6 }],
      }),
    inPlace: { 0: 5 },
  },
});

/**
 * Newton and Schulz's quintic iteration on a stack of matrices [count, rows, columns], times `scale`: three dispatches for each iteration.
 * A tall X is multiplied from the right, by what Xᵀ would be from the left: a(XᵀX) and its square are symmetric.
 */
export function orthogonalized(x: Node, iterations: number, scale: number): Node {
  const [, rows, columns] = x.shape as [number, number, number];
  const isTall = rows > columns;
  let result = x;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const s = iteration === iterations - 1 ? scale : 1;
    const gram = isTall ? matmul(swapLast(result), result) : matmul(result, swapLast(result));
    const polynomial = add(mul(gram, literal(-4.775 * s)), mul(matmul(gram, gram), literal(2.0315 * s)));
    const moved = isTall ? matmul(result, polynomial) : matmul(polynomial, result);
    result = add(mul(result, literal(3.4445 * s)), moved);
  }
  return result;
}

/** Where matrices of one shape lie in the stacks. */
export interface Stack {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  readonly offset: number;
  /** Of the step. */
  readonly scale: number;
}

/** The dispatches are 4, and 3 for each iteration and shape. */
export function updateMuon(
  { parameters, gradients, moments, chunks, summary, step, table }: UpdateInputs,
  segments: Node,
  { stacks, size }: { readonly stacks: readonly Stack[]; readonly size: number },
  iterations: number,
  attributes: MuonAttributes,
): UpdateOutputs {
  const head = [gradients, chunks, summary, step];
  const first = makeNode(muonMomentsOp, [...head, parameters, moments!], attributes);
  const kept = pick(first, 0);
  const norms = segmentNorms(pick(first, 1), segments);
  const stacked = makeNode(muonStackOp, [...head, parameters, kept, norms], { ...attributes, size });
  const parts = stacks.map(({ rows, columns, count, offset, scale }) => {
    const stack = slice(stacked, [{ start: offset, end: offset + count * rows * columns }]);
    return { node: orthogonalized(reshape(stack, [count, rows, columns]), iterations, scale), offset };
  });
  const directions = pack(parts, size);
  return { parameters: makeNode(updateMuonOp, [...head, table!, parameters, kept, directions], attributes), moments: kept };
}
