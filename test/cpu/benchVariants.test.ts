/** The benchmark's remedies: every type of the experiment format is among them, and each makes a plan. */
import { describe, expect, it } from "vitest";
import { type NetSize, plainNet } from "../../bench/remedies/plainNet.ts";
import { ALL_VARIANTS, experimentOf, PLAIN } from "../../bench/remedies/variants.ts";
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

describe("the remedies that are measured", () => {
  it("have every type of the format", () => {
    const used = new Set(ALL_VARIANTS.flatMap((variant) => [...usesOf(experimentSchema, experimentOf(plain, variant, SIZE)).keys]));
    const missing = [...everythingIn(experimentSchema).keys].filter((key) => isType(key) && !NO_REMEDY.has(key) && !used.has(key));
    expect(missing).toEqual([]);
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
