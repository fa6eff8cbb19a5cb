/** Lamb over the whole parameter arena, in place, in three dispatches: moments and sums of squares, every tensor's norms, update. */
import lambMomentsText from "../../../shaders/lamb_moments.wgsl?raw";
import grid from "../../../shaders/lib/grid.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import squares from "../../../shaders/lib/squares.wgsl?raw";
import update from "../../../shaders/lib/update.wgsl?raw";
import updateLambText from "../../../shaders/update_lamb.wgsl?raw";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Listed, Op, Reference, Shader } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import type { UpdateInputs, UpdateOutputs } from "./elementUpdate.ts";
import { CHUNK, requireWords, SUMMARY } from "./layout.ts";
import { normOf, PAIR_WORDS, segmentNorms, squaresOf } from "./segmentNorms.ts";
import { eachOwned, requireUpdateInputs, type UpdateAttributes, updateKernel } from "./update.ts";
import { type AdamAttributes, advanceMoments, momentOverrides } from "./updateAdam.ts";

export const lambMomentsShader: Shader = { name: "lamb_moments", text: grid + scaled + squares + update + lambMomentsText };
export const updateLambShader: Shader = { name: "update_lamb", text: grid + scaled + update + updateLambText };

export type LambAttributes = UpdateAttributes & Pick<AdamAttributes, "beta1" | "beta2" | "epsilon">;

/** m̂/(√v̂ + ε) + λw; `kept` are m and v after the update, `factors` their corrections. */
const directionOf = (w: number, kept: readonly number[], factors: readonly number[], decay: number, epsilon: number): number =>
  (kept[0]! * factors[0]!) / (Math.sqrt(kept[1]!) * factors[1]! + epsilon) + decay * w;

/** 1/(1 − β₁ᵗ) and 1/√(1 − β₂ᵗ) for this update. */
export function correctionsOf({ data }: Reference, { data: summary }: Reference): readonly [number, number] {
  const entry = 2 * Math.min(summary[SUMMARY.appliedStep]!, data.length / 2 - 1);
  return [data[entry]!, data[entry + 1]!];
}

/** Inputs: gradients, chunks, summary, step, table, parameters, moments. Outputs: moments as they become, and of each chunk Σ w² and Σ r². */
export const lambMomentsOp: Op<LambAttributes> = defineOp<LambAttributes>({
  name: "lambMoments",
  infer: (inputs) => {
    const [, chunks, , , , parameters, moments] = inputs;
    requireUpdateInputs("lambMoments", inputs, parameters);
    requireWords("lambMoments", "moments", moments, 2 * parameters.shape[0]!);
    return [
      { shape: moments.shape, dtype: "f32" },
      { shape: [(chunks.shape[0]! / CHUNK.words) * PAIR_WORDS], dtype: "u32" },
    ];
  },
  vjp: "nondifferentiable",
  reference: (inputs, attributes) => {
    const [, chunks, summary, , table, parameters, before] = inputs;
    const moments = before.data.slice();
    const size = parameters.data.length;
    const factors = correctionsOf(table, summary);
    const count = chunks.data.length / CHUNK.words;
    const values = Array.from({ length: count }, () => ({ w: [] as number[], r: [] as number[] }));
    eachOwned(inputs, parameters.data, attributes, (element) => {
      const kept = [moments[element.index]!, moments[size + element.index]!];
      advanceMoments(element, kept, { ...attributes, decoupled: true });
      moments[element.index] = kept[0]!;
      moments[size + element.index] = kept[1]!;
      const own = values[element.chunk]!;
      own.w.push(element.w);
      own.r.push(directionOf(element.w, kept, factors, element.decay, attributes.epsilon));
    });
    const partials = Float64Array.from(values.flatMap(({ w, r }) => [...squaresOf(w), ...squaresOf(r)]));
    return [
      { shape: before.shape, data: moments },
      { shape: [partials.length], data: partials },
    ];
  },
  form: {
    kind: "kernel",
    kernel: (inputs, _outputs, attributes, target) =>
      updateKernel(lambMomentsShader, inputs[1], attributes, target, {
        overrides: { ...sizes(inputs), ...momentOverrides(attributes) },
        bindings: [{ input: 4 }, { input: 5 }, { output: 0 }, { output: 1 }],
      }),
    inPlace: { 0: 6 },
  },
});

const sizes = (inputs: Listed<{ readonly shape: readonly number[] }>) => ({
  PARAMETERS: inputs[5].shape[0]!,
  CORRECTIONS: inputs[4].shape[0]! / 2,
});

/** Inputs: gradients, chunks, summary, step, table, parameters, moments of the first pass, norms. Output: parameters as they become. */
export const updateLambOp: Op<LambAttributes> = defineOp<LambAttributes>({
  name: "updateLamb",
  infer: ([, , , , , parameters]) => ({ shape: parameters.shape, dtype: "f32" }),
  vjp: "nondifferentiable",
  reference: (inputs, attributes) => {
    const [, , summary, , table, before, moments, norms] = inputs;
    const parameters = before.data.slice();
    const factors = correctionsOf(table, summary);
    eachOwned(inputs, before.data, attributes, ({ index, w, rate, decay, segment }) => {
      const [we, wr, re, rr] = norms.data.subarray(PAIR_WORDS * segment) as unknown as [number, number, number, number];
      const [weight, direction] = [normOf(we, wr), normOf(re, rr)];
      const trust = weight === 0 || direction === 0 ? 1 : weight / direction;
      const kept = [moments.data[index]!, moments.data[parameters.length + index]!];
      parameters[index] = w - rate * trust * directionOf(w, kept, factors, decay, attributes.epsilon);
    });
    return { shape: before.shape, data: parameters };
  },
  form: {
    kind: "kernel",
    kernel: (inputs, _outputs, attributes, target) =>
      updateKernel(updateLambShader, inputs[1], attributes, target, {
        overrides: { ...sizes(inputs), EPSILON: attributes.epsilon },
        bindings: [{ input: 4 }, { input: 7 }, { output: 0 }, { input: 6 }],
      }),
    inPlace: { 0: 5 },
  },
});

/** Three dispatches, whatever the depth. */
export function updateLamb(
  { parameters, gradients, moments, chunks, summary, step, table }: UpdateInputs,
  segments: Node,
  attributes: LambAttributes,
): UpdateOutputs {
  const head = [gradients, chunks, summary, step, table!, parameters];
  const first = makeNode(lambMomentsOp, [...head, moments!], attributes);
  const kept = pick(first, 0);
  const norms = segmentNorms(pick(first, 1), segments);
  return { parameters: makeNode(updateLambOp, [...head, kept, norms], attributes), moments: kept };
}
