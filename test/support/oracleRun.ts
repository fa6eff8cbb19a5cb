/** Runs an oracle case by Fathom: from its experiment file and weights to reports, final state and evaluation. */
import type { Engine } from "../../src/engine.ts";
import { prepareExperiment } from "../../src/experiment/index.ts";
import type { Dataset, TrainerOptions } from "../../src/index.ts";
import type { Report, Trainer } from "../../src/train/trainer.ts";
import { compareFinal, compareTrace, describeViolations } from "./compareTrace.ts";
import type { OracleCase } from "./oracleFixture.ts";
import { readSafetensors } from "./safetensorsReader.ts";

/** A trainer of the case, at the weights that PyTorch began with, and its data. */
export async function trainerOf(
  gpu: Engine,
  oracle: OracleCase,
  more: Partial<TrainerOptions> = {},
): Promise<{ trainer: Trainer; dataset: Dataset; run: { steps: number; every: number } }> {
  const { dataset, options, run } = await prepareExperiment(oracle.experiment, async () => oracle.bytes.data);
  const trainer = await gpu.train({ ...options, ...more });
  await trainer.load(oracle.bytes.weights, { fileName: "weights.safetensors" });
  return { trainer, dataset, run };
}

export async function reportsOf(trainer: Trainer, dataset: Dataset, run: { steps: number; every?: number }): Promise<Report[]> {
  const reports: Report[] = [];
  for await (const report of trainer.run(dataset, run)) reports.push(report);
  return reports;
}

/** What differs from PyTorch's trace by more than is allowed, in words; empty when all is well. */
export async function differences(oracle: OracleCase, trainer: Trainer, reports: readonly Report[]): Promise<string> {
  const final = readSafetensors(await trainer.save());
  return describeViolations([...compareTrace(reports, oracle.trace), ...compareFinal(final, oracle)]);
}
