/** Optimizers that treat every element alone: one dispatch over the whole parameter arena, in place, from a small rule for each. */
import { makeNode, type Node } from "../../graph/node.ts";
import type { Define, Op, Shader } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import { requireWords, SUMMARY } from "./layout.ts";
import { eachOwned, type OwnedElement, requireUpdateInputs, type UpdateAttributes, updateKernel } from "./update.ts";

/** What a step is to an optimizer. */
export interface UpdateMoment {
  /** Updates made before. */
  readonly applied: number;
  /** The entry of its table for this update; empty where it has none. */
  readonly factors: ArrayLike<number>;
}

export interface ElementRule<A extends UpdateAttributes> {
  readonly name: string;
  readonly shader: string | Shader;
  /** Numbers that it keeps for each parameter: "moments" holds the first of all parameters, then the second, and so on. */
  readonly kept: (attributes: A) => 0 | 1 | 2 | 3;
  /** Numbers in an entry of its table, one entry for each count of updates made before, the last for ever; 0 where it has no table. */
  readonly factors: 0 | 2 | 3;
  readonly defines?: (attributes: A) => Readonly<Record<string, Define>>;
  readonly overrides: (attributes: A) => Readonly<Record<string, number>>;
  /** In float64: the parameter as it becomes. `kept` is changed in place. */
  readonly reference: (element: OwnedElement, kept: number[], attributes: A, moment: UpdateMoment) => number;
}

/** Inputs: gradients, chunks, summary, step, the table if there is one, parameters, and moments if any are kept. Outputs: the last ones as they become. */
export function defineElementUpdate<A extends UpdateAttributes>(rule: ElementRule<A>): Op<A> {
  const first = rule.factors === 0 ? 4 : 5;
  return defineOp<A>({
    name: rule.name,
    infer: (inputs, attributes) => {
      const parameters = inputs[first]!;
      requireUpdateInputs(rule.name, inputs, parameters);
      const kept = rule.kept(attributes);
      const type = { shape: parameters.shape, dtype: "f32" } as const;
      if (kept === 0) return type;
      requireWords(rule.name, "moments", inputs[first + 1]!, kept * parameters.shape[0]!);
      return [type, { shape: [kept * parameters.shape[0]!], dtype: "f32" }];
    },
    vjp: "nondifferentiable",
    reference: (inputs, attributes) => {
      const before = inputs[first]!;
      const parameters = before.data.slice();
      const size = parameters.length;
      const count = rule.kept(attributes);
      const moments = count === 0 ? null : inputs[first + 1]!.data.slice();
      const applied = inputs[2].data[SUMMARY.appliedStep]!;
      const table = inputs[4].data;
      const entry = rule.factors === 0 ? 0 : rule.factors * Math.min(applied, table.length / rule.factors - 1);
      const moment = { applied, factors: rule.factors === 0 ? [] : table.subarray(entry, entry + rule.factors) };
      const kept = new Array<number>(count).fill(0);
      eachOwned(inputs, before.data, attributes, (element) => {
        for (let own = 0; own < count; own++) kept[own] = moments![own * size + element.index]!;
        parameters[element.index] = rule.reference(element, kept, attributes, moment);
        for (let own = 0; own < count; own++) moments![own * size + element.index] = kept[own]!;
      });
      return [parameters, ...(moments ? [moments] : [])].map((data) => ({ shape: [data.length], data }));
    },
    form: {
      kind: "kernel",
      kernel: (inputs, _outputs, attributes, target) => {
        const kept = rule.kept(attributes);
        const { defines, overrides, factors, shader } = rule;
        return updateKernel(shader, inputs[1], attributes, target, {
          ...(defines ? { defines: defines(attributes) } : {}),
          overrides: {
            ...(kept > 1 ? { PARAMETERS: inputs[first]!.shape[0]! } : {}),
            ...(factors > 0 ? { CORRECTIONS: inputs[4].shape[0]! / factors } : {}),
            ...overrides(attributes),
          },
          bindings: [...(factors > 0 ? [{ input: 4 }] : []), { output: 0 }, ...(kept > 0 ? [{ output: 1 }] : [])],
        });
      },
      inPlace: { 0: first, 1: first + 1 },
    },
  });
}

export interface UpdateInputs {
  readonly parameters: Node;
  readonly gradients: Node;
  /** f32, as many as parameters for each number that is kept; null where none is. */
  readonly moments: Node | null;
  readonly chunks: Node;
  /** Of finishStatistics. */
  readonly summary: Node;
  readonly step: Node;
  /** The optimizer's factors by its count of updates; null where it has none. */
  readonly table: Node | null;
}

/** The results are to be assigned to the states they are named after. */
export interface UpdateOutputs {
  readonly parameters: Node;
  readonly moments: Node | null;
}

/** One dispatch. */
export function elementUpdate<A extends UpdateAttributes>(
  op: Op<A>,
  { parameters, gradients, moments, chunks, summary, step, table }: UpdateInputs,
  attributes: A,
): UpdateOutputs {
  const states = [parameters, ...(moments ? [moments] : [])];
  const node = makeNode(op, [gradients, chunks, summary, step, ...(table ? [table] : []), ...states], attributes);
  return { parameters: pick(node, 0), moments: moments && pick(node, 1) };
}
