/** Where the data come from. */
import * as v from "valibot";
import { choice, flag, integer, named, number, text } from "./checks.ts";
import { kind, namesOf, SEED } from "./kinds.ts";

const order = { order: v.optional(choice(["shuffled", "sequential"]), "shuffled") };
const generated = (noise: number) => ({
  ...order,
  samples: v.optional(integer(1), 1000),
  testFraction: v.optional(number({ least: 0, below: 1 }), 0.2),
  noise: v.optional(number({ least: 0 }), noise),
  seed: v.optional(SEED, 0),
});
const classes = v.optional(integer(2), 2);
const datasets = [
  kind("digits", order),
  kind("safetensors", { ...order, file: text() }),
  kind("idx", {
    ...order,
    trainImages: text(),
    trainLabels: text(),
    testImages: v.optional(text()),
    testLabels: v.optional(text()),
    classes: v.optional(integer(1, 256), 10),
    scale: v.optional(number()),
  }),
  kind("csv", {
    ...order,
    file: text(),
    target: v.optional(choice(["auto", "classes", "numbers"]), "auto"),
    header: v.optional(flag()),
    standardize: v.optional(flag(), true),
    testFraction: v.optional(number({ least: 0, below: 1 }), 0.2),
    seed: v.optional(SEED, 0),
  }),
  kind("spirals", { ...generated(0.02), classes, turns: v.optional(number({ least: 0 }), 1) }),
  kind("circles", { ...generated(0.05), classes }),
  kind("xor", generated(0)),
  kind("parity", { ...generated(0), bits: v.optional(integer(1, 1024), 4) }),
  kind("gaussian", { ...generated(0.3), classes, dimensions: v.optional(integer(2), 2) }),
] as const;
export type DatasetSpec = v.InferOutput<(typeof datasets)[number]>;
export const dataset = named(namesOf(datasets), datasets);
