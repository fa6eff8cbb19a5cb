/** Learning rates. */
import * as v from "valibot";
import { choice, filled, integer, list, named, number, object } from "./checks.ts";
import { kind, namesOf } from "./kinds.ts";

const rate = number({ least: 0 });
const factor = number({ above: 0 });
const end = v.optional(rate, 0);
const simple = {
  constant: { initial: rate },
  linear: { initial: rate, steps: integer(1), end },
  step: { initial: rate, every: integer(1), gamma: v.optional(factor, 0.1) },
  multiStep: { initial: rate, milestones: list(integer(1), "steps, rising"), gamma: v.optional(factor, 0.1) },
  exponential: { initial: rate, gamma: factor },
  inverseScaling: { initial: rate, power: v.optional(rate, 0.5) },
  inverseTime: { initial: rate, decay: rate },
  polynomial: { initial: rate, steps: integer(1), power: v.optional(factor, 1), end },
  cosine: { initial: rate, steps: integer(1), end },
  cosineRestarts: { initial: rate, steps: integer(1), factor: v.optional(integer(1), 1), end },
  oneCycle: {
    maximum: number({ above: 0 }),
    steps: integer(2),
    warmUpFraction: v.optional(number({ above: 0, below: 1 }), 0.3),
    divideBy: v.optional(number({ least: 1 }), 25),
    finalDivideBy: v.optional(number({ least: 1 }), 1e4),
    anneal: v.optional(choice(["cosine", "linear"]), "cosine"),
  },
  piecewise: { boundaries: list(integer(1), "steps, rising"), values: list(rate, "rates, one more than there are boundaries") },
  plateau: {
    initial: rate,
    factor: v.optional(number({ above: 0, below: 1 }), 0.1),
    patience: v.optional(integer(0), 10),
    threshold: v.optional(rate, 1e-4),
    thresholdMode: v.optional(choice(["relative", "absolute"]), "relative"),
    cooldown: v.optional(integer(0), 0),
    minimum: v.optional(rate, 0),
    every: v.optional(integer(1), 1),
  },
} as const;

type Keys<E extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<E, undefined>>;
type Simple = { [N in keyof typeof simple]: { readonly type: N } & Keys<(typeof simple)[N]> }[keyof typeof simple];

/** A schedule within another: its steps are counted in the unit of the outermost. */
export type NestedScheduleSpec =
  | Simple
  | { readonly type: "warmUp"; readonly steps: number; readonly then: NestedScheduleSpec }
  | { readonly type: "join"; readonly segments: readonly { readonly until?: number | undefined; readonly schedule: NestedScheduleSpec }[] };

export type ScheduleSpec = NestedScheduleSpec & { readonly unit: "step" | "epoch" };

const nested: v.GenericSchema<unknown, NestedScheduleSpec> = v.lazy(() => nestedOfAnyKind);
const segment = object({ until: v.optional(integer(1)), schedule: nested });
const composed = {
  // biome-ignore lint/suspicious/noThenProperty: the file's own word; it holds an object, which nobody awaits
  warmUp: { steps: integer(0), then: nested },
  join: { segments: filled(segment, 'segments such as { "until": 100, "schedule": … }', "segment") },
} as const;

const variantsWith = <const E extends v.ObjectEntries>(more: E) =>
  Object.entries({ ...simple, ...composed }).map(([name, entries]) => kind(name, { ...entries, ...more }));
const nestedVariants = variantsWith({});
export const nestedOfAnyKind = named(namesOf(nestedVariants), nestedVariants) as unknown as v.GenericSchema<unknown, NestedScheduleSpec>;
const outermost = variantsWith({ unit: v.optional(choice(["step", "epoch"]), "step") });
export const schedule = named(namesOf(outermost), outermost) as unknown as v.GenericSchema<unknown, ScheduleSpec>;
