/** Whatever an experiment file may say is said by a case of the oracle, or stands below with the test that covers it instead. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseExperiment } from "../../src/experiment/index.ts";
import { experimentSchema } from "../../src/experiment/schema/index.ts";
import { oracleCases, oracleExperimentText } from "../support/oracleFixture.ts";
import { everythingIn, type Uses, usesOf } from "../support/schemaUses.ts";

/** What the oracle cannot express, or what changes no number of a trace: where it begins, and which test covers it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "dataset.digits": "test/cpu/data.test.ts",
  "dataset.csv": "test/cpu/dataCsv.test.ts",
  "dataset.idx": "test/cpu/dataIdx.test.ts",
  "dataset.spirals": "test/cpu/data.test.ts",
  "dataset.circles": "test/cpu/data.test.ts",
  "dataset.xor": "test/cpu/data.test.ts",
  "dataset.parity": "test/cpu/data.test.ts",
  "dataset.gaussian": "test/cpu/data.test.ts",
  "dataset.safetensors.order = shuffled": "test/gpu/trainerControl.test.ts",
  initialization: "test/cpu/initialWeights.test.ts",
  "model.gain = prelu": "test/cpu/init.test.ts",
  "model.gain = glu": "test/cpu/init.test.ts",
  "model.gain = swiglu": "test/cpu/init.test.ts",
  insight: "test/gpu/insight.test.ts",
  "model.repeat.checkpoint": "test/gpu/checkpoint.test.ts",
  nonFinite: "test/gpu/trainerNonFinite.test.ts",
  statistics: "test/gpu/bareStep.test.ts",
  depthFusion: "test/gpu/depthTraining.test.ts",
};

const covers = (beginning: string, what: string): boolean =>
  what === beginning || (/^[. ]/.test(what.slice(beginning.length)) && what.startsWith(beginning));

/** A schedule's unit is that of the outermost, whatever its type; named gains are the same for every initialiser. */
const common = (what: string): string =>
  what.replace(/^schedule\.\w+\.unit/, "schedule.unit").replace(/^model\.\w+\.gain =/, "model.gain =");
const all = ({ keys, values }: Uses): string[] => [...keys, ...values].map(common);

const offered = new Set(all(everythingIn(experimentSchema)));
const texts = await Promise.all(oracleCases.map(oracleExperimentText));
const used = new Set(
  texts.flatMap((text) => [
    ...all(usesOf(experimentSchema, JSON.parse(text))),
    // A default is used where the key is left out; that the key can be given is not shown by it.
    ...[...usesOf(experimentSchema, parseExperiment(text)).values].map(common),
  ]),
);

describe("the oracle's cases", () => {
  it("are eighty or more, twenty of them at random", () => {
    expect(oracleCases.length).toBeGreaterThanOrEqual(80);
    expect(oracleCases.filter((name) => name.startsWith("random-"))).toHaveLength(20);
  });

  it("use every type, every key, and every value of a key that can be counted out, or another test does", () => {
    const missing = [...offered].filter((what) => !used.has(what) && !Object.keys(ELSEWHERE).some((beginning) => covers(beginning, what)));
    expect(missing).toEqual([]);
  });

  it("use nothing that the schema does not offer", () => {
    expect([...used].filter((what) => !offered.has(what))).toEqual([]);
  });

  it.each(Object.entries(ELSEWHERE))("leave %s to %s, which is there", (beginning, file) => {
    expect(existsSync(new URL(`../../${file}`, import.meta.url))).toBe(true);
    const left = [...offered].filter((what) => covers(beginning, what));
    expect(left.length).toBeGreaterThan(0);
    expect(left.some((what) => !used.has(what))).toBe(true);
  });
});

describe("the walk over the schema", () => {
  it("finds types, keys and values at every depth, and not what is absent", () => {
    for (const what of ["model.linear.parametrization = weightNorm", "model.residual.stochasticDepth.mode = batch", "model.rezero.initial"])
      expect(offered, what).toContain(what);
    for (const what of ["model.gain = lecunTanh", "schedule.join.segments.until", "schedule.unit = epoch", "groups.role = bias"])
      expect(offered, what).toContain(what);
    const { keys, values } = usesOf(experimentSchema, {
      model: [{ type: "repeat", times: 2, body: ["tanh", { type: "linear", units: 3, bias: false, init: "ones" }] }],
      optimizer: { type: "sgd", nesterov: true },
    });
    expect([...keys].sort()).toEqual(
      ["model", "model.linear", "model.linear.bias", "model.linear.init", "model.linear.units", "model.ones", "model.repeat"].concat([
        "model.repeat.body",
        "model.repeat.times",
        "model.tanh",
        "optimizer",
        "optimizer.sgd",
        "optimizer.sgd.nesterov",
      ]),
    );
    expect([...values]).toEqual(["model.linear.bias = false", "optimizer.sgd.nesterov = true"]);
  });
});
