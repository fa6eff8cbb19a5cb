/** Losses. */
import * as v from "valibot";
import { flag, integer, named, number } from "./checks.ts";
import { kind, namesOf, none } from "./kinds.ts";

const losses = [
  kind("softmaxCrossEntropy", { labelSmoothing: v.optional(number({ least: 0, below: 1 }), 0) }),
  kind("binaryCrossEntropyWithLogits", none),
  kind("meanSquaredError", { half: v.optional(flag(), false) }),
  kind("meanAbsoluteError", none),
  kind("huber", { delta: v.optional(number({ above: 0 }), 1) }),
  kind("multiMargin", { power: v.optional(integer(1, 2), 1), margin: v.optional(number(), 1) }),
] as const;
export type LossSpec = v.InferOutput<(typeof losses)[number]>;
export const loss = named(namesOf(losses), losses);
