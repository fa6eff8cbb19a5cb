/** Where the data come from. */
import * as v from "valibot";
import { choice, integer, named, number, text } from "./checks.ts";
import { kind, namesOf, SEED } from "./kinds.ts";

const order = { order: v.optional(choice(["shuffled", "sequential"]), "shuffled") };
const generated = {
  ...order,
  samples: v.optional(integer(1)),
  testFraction: v.optional(number({ least: 0, below: 1 })),
  noise: v.optional(number({ least: 0 })),
  seed: v.optional(SEED),
};
const datasets = [
  kind("digits", order),
  kind("safetensors", { ...order, file: text() }),
  kind("idx", {
    ...order,
    trainImages: text(),
    trainLabels: text(),
    testImages: v.optional(text()),
    testLabels: v.optional(text()),
    classes: v.optional(integer(1, 256)),
    scale: v.optional(number()),
  }),
  kind("spirals", { ...generated, classes: v.optional(integer(2)), turns: v.optional(number({ least: 0 })) }),
  kind("circles", { ...generated, classes: v.optional(integer(2)) }),
  kind("xor", generated),
  kind("parity", { ...generated, bits: v.optional(integer(1, 1024)) }),
  kind("gaussian", { ...generated, classes: v.optional(integer(2)), dimensions: v.optional(integer(2)) }),
] as const;
export type DatasetSpec = v.InferOutput<(typeof datasets)[number]>;
export const dataset = named(namesOf(datasets), datasets);
