/**
 * diagnose() against nets whose labels come from what training them in PyTorch does (test/oracle/diagnose): the same nets, drawn anew with
 * two other seeds, and judged by their first steps here.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { parseExperiment, prepareExperiment } from "../../src/experiment/index.ts";
import { type Diagnosis, diagnose, FathomError, open, type Report } from "../../src/index.ts";
import labels from "../oracle/diagnose/labels.json?raw";
import { thorough } from "../support/thorough.ts";

interface Net {
  readonly name: string;
  readonly label: string;
  readonly model: readonly unknown[];
}

const STEPS = 12;
/** Each net is drawn with each of these and its number, beside the three seeds that its label comes from. */
const SEEDS = [100, 1100];
/** Set before any net was diagnosed. */
const LEAST_ACCURACY = 0.95;
/** Nets that diagnose() may miss, and why. */
const EXPLAINED: Readonly<Record<string, string>> = {
  "tanh-normal1-24": "saturated and chaotic at once: it is diagnosed by the one, and its first layers moved by the other",
  "layernorm-relu-16": "gradients are well, and the loss does not fall: that is said from twenty reports on, and here are twelve",
};

async function judged(gpu: Engine, { model }: Net, seed: number): Promise<Diagnosis> {
  const experiment = parseExperiment({
    format: "fathom-experiment/1",
    seed,
    dataset: "digits",
    batchSize: 32,
    steps: STEPS,
    model,
    loss: "softmaxCrossEntropy",
    optimizer: { type: "sgd", momentum: 0.9 },
    schedule: { type: "constant", initial: 0.01 },
    insight: {},
  });
  const { dataset, options, run } = await prepareExperiment(experiment);
  const trainer = await gpu.train(options);
  const reports: Report[] = [];
  let stopped: { step: number; where: string } | null = null;
  try {
    for await (const report of trainer.run(dataset, run)) reports.push(report);
  } catch (error) {
    if (!(error instanceof FathomError && error.code === "non-finite")) throw error;
    stopped = { step: Number(error.details["step"]), where: `the output of ${String(error.details["layerName"])}` };
  } finally {
    trainer.dispose();
  }
  return diagnose(reports, { stopped, chance: Math.log(10) });
}

// Some sixty nets of their own kernels: the software adapter of one browser is enough, for the numbers that are judged are tested in both.
describe.skipIf(!thorough)("diagnose()", () => {
  let gpu: Engine;
  beforeAll(async () => {
    gpu = await open();
  });
  afterAll(() => gpu.dispose());

  it("says after twelve steps what training in PyTorch showed of nets that trained, vanished, exploded, died or saturated", async () => {
    const nets = JSON.parse(labels) as readonly Net[];
    const counted = nets.filter(({ label }) => label !== "border");
    expect(counted.length).toBeGreaterThanOrEqual(40);
    for (const kind of ["healthy", "vanishing", "exploding", "dead", "saturated"])
      expect(counted.filter(({ label }) => label === kind).length, kind).toBeGreaterThanOrEqual(5);
    const misses: string[] = [];
    const border: string[] = [];
    let draws = 0;
    for (const [index, net] of nets.entries())
      for (const seed of SEEDS) {
        const { kind, text } = await judged(gpu, net, seed + index);
        if (net.label === "border") {
          border.push(`${net.name}: ${kind}`);
          continue;
        }
        draws++;
        if (kind !== net.label) misses.push(`${net.name}: ${net.label} in training, diagnosed with seed ${seed + index} ${text}`);
      }
    const accuracy = 1 - misses.length / draws;
    console.log(
      `diagnose(): ${(100 * accuracy).toFixed(1)} % of ${counted.length} nets, each drawn ${SEEDS.length} times. Missed: ${misses.join("; ") || "none"}. At a border in training, and not counted: ${border.join(", ")}`,
    );
    expect(accuracy).toBeGreaterThanOrEqual(LEAST_ACCURACY);
    expect(misses.filter((miss) => !(miss.split(":")[0]! in EXPLAINED))).toEqual([]);
  });
});
