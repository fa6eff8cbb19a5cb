/** The benchmark's remedies: every type of the experiment format is among them, and each makes a plan. */
import { describe, expect, it } from "vitest";
import { type NetSize, plainNet } from "../../bench/remedies/plainNet.ts";
import { benefitId } from "../../bench/remedies/starts.ts";
import { ALL_VARIANTS, experimentOf, PLAIN, type Variant } from "../../bench/remedies/variants.ts";
import { benefitExperiment, candidates } from "../../bench/suites/benefits.ts";
import { remedyGroups } from "../../bench/suites/remedies.ts";
import { experimentSchema } from "../../src/experiment/schema/index.ts";
import { parseExperiment, prepareExperiment } from "../../src/index.ts";
import { planTraining } from "../support/planningRuntime.ts";
import { everythingIn, usesOf } from "../support/schemaUses.ts";

const SIZE: NetSize = { depth: 3, width: 16, batchSize: 8 };
const plain = plainNet(SIZE, 7);
const target = { adapterClass: "software", subgroups: false } as const;

/** What the plain net has, other words for the same, and initialisers of which no deep net is made. */
const NO_REMEDY = new Set(["schedule.constant", "regularizer.ridge", "regularizer.lasso", "model.ones", "model.constant", "model.uniform"]);
/** "optimizer.sgd": not its keys, whose values are many. */
const isType = (key: string): boolean => /^(model|optimizer|schedule|regularizer|clip|constraint|initialization)\.[^.]+$/.test(key);
/** Keys of the whole experiment that are no remedy. */
const NO_REMEDY_KEYS = new Set(["name", "depthFusion"]);
/** What can be chosen and is the same work, or the same remedy with other numbers; a choice that is not here has a variant. */
const SAME_WORK = [
  /^(dataset|loss)\b/,
  /^depthFusion = /,
  /\.(unit|divideBy|gain|role|decoupledWeightDecay|affine|bias) = /,
  /^model\.residual\.projection = false$/,
  /^optimizer\.muon\.nesterov = false$/,
  /^schedule\.oneCycle\.anneal = linear$/,
  /^schedule\.plateau\.thresholdMode = absolute$/,
];
const changesLoss = (variant: Variant): boolean => "loss" in variant.change(SIZE);
const all = everythingIn(experimentSchema);
const uses = [PLAIN, ...ALL_VARIANTS].map((variant) => usesOf(experimentSchema, parseExperiment(experimentOf(plain, variant, SIZE))));
const usedKeys = new Set(uses.flatMap(({ keys }) => [...keys]));
const usedValues = new Set(uses.flatMap(({ values }) => [...values]));

describe("the remedies that are measured", () => {
  it("have every type of the format", () => {
    const missing = [...all.keys].filter((key) => isType(key) && !NO_REMEDY.has(key) && !usedKeys.has(key));
    expect(missing).toEqual([]);
  });

  it("have every key of the format, and everything that can be chosen and is other work", () => {
    expect([...all.keys].filter((key) => !key.includes(".") && !usedKeys.has(key) && !NO_REMEDY_KEYS.has(key))).toEqual([]);
    expect([...all.values].filter((value) => !usedValues.has(value) && !SAME_WORK.some((pattern) => pattern.test(value)))).toEqual([]);
    // Each exception is one.
    for (const pattern of SAME_WORK)
      expect(
        [...all.values].some((value) => pattern.test(value) && !usedValues.has(value)),
        String(pattern),
      ).toBe(true);
  });

  it("are all measured in the net of 24 layers and in that of 50, but for those that draw other weights", () => {
    const { promised, shallow, deep } = remedyGroups();
    const of = (depth: number) =>
      [...promised, ...shallow, ...deep].filter(({ size }) => size.depth === depth).flatMap(({ variants }) => variants);
    const costly = ALL_VARIANTS.filter(({ sameCost }) => !sameCost);
    for (const depth of [24, 50])
      expect(
        costly.filter((variant) => !of(depth).includes(variant)),
        `${depth} layers`,
      ).toEqual([]);
    expect(of(24)).toHaveLength(costly.length);
    expect(of(50)).toHaveLength(costly.length);
  });

  it("all show what they buy from either start, but for those that only look or have another loss; in the second all weights are PyTorch's", () => {
    const found = candidates();
    const ids = found.map(({ start, variant }) => benefitId(start, variant));
    expect(new Set(ids).size).toBe(ids.length);
    for (const variant of ALL_VARIANTS) {
      const starts = found.filter((one) => one.variant === variant).map(({ start }) => start);
      expect(starts, variant.id).toEqual(
        variant.sameTraining || changesLoss(variant) ? [] : variant.id.startsWith("initial-") ? ["vanishing"] : ["slow", "vanishing"],
      );
    }
    for (const one of found) {
      const text = JSON.stringify(benefitExperiment(one, SIZE, 7)["model"]);
      expect(text.includes('"init":"pytorchLinear"'), one.variant.id).toBe(
        one.start === "vanishing" ? !one.variant.id.startsWith("initial-") || one.variant.id === "initial-pytorch" : false,
      );
      if (one.start === "vanishing" && !one.variant.id.startsWith("initial-")) expect(text).not.toMatch(/glorot|heNormal/);
    }
  });

  it("hold every schedule to what is promised of any", () => {
    const targets = ALL_VARIANTS.filter(({ id }) => id.startsWith("schedule-")).map(({ target }) => target?.value);
    expect(new Set(targets)).toEqual(new Set([1.01]));
  });

  it("have names of their own", () => {
    const ids = ALL_VARIANTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([PLAIN, ...ALL_VARIANTS].map((variant) => [variant.id, variant] as const))("%s is planned", async (_, variant) => {
    const { dataset, options } = await prepareExperiment(parseExperiment(experimentOf(plain, variant, SIZE)));
    const [program] = await planTraining(options, dataset, target);
    expect(program!.plan.dispatches.length).toBeGreaterThan(SIZE.depth);
  });
});
