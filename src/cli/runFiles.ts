/** What a run writes of itself: the lines of metrics.jsonl, and summary.json, as docs/experiment.md has them. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FathomError } from "../core/errors.ts";
import type { Report } from "../train/report.ts";
import { writeWhole } from "./atomicFile.ts";
import type { NetResult, RunResult } from "./results.ts";
import { overhead } from "./results.ts";
import { toJson } from "./wire.ts";

/** One line for each report, with the documented fields only; what a report does not have is left out. */
export function metricsText(reports: readonly Report[]): string {
  return reports
    .map(({ step, loss, regularization, learningRate, gradientNorm, clipScale, layers, auxiliary, insight }) => {
      const norms = layers.map((layer) => ({ name: layer.name, gradientNorm: layer.gradientNorm }));
      return `${toJson({ step, loss, regularization, learningRate, gradientNorm, clipScale, layers: norms, auxiliary, insight })}\n`;
    })
    .join("");
}

export function summaryOf(result: RunResult, net: NetResult): Record<string, unknown> {
  const { verdict, scores, reports, stopped } = net;
  return {
    format: "fathom-summary/1",
    name: net.name,
    title: net.title,
    seed: net.seed,
    steps: (reports.at(-1)?.step ?? -1) + 1,
    trainLoss: scores?.trainLoss ?? null,
    trainAccuracy: scores?.trainAccuracy ?? null,
    testLoss: scores?.testLoss ?? null,
    testAccuracy: scores?.testAccuracy ?? null,
    verdict: { kind: verdict.kind, text: verdict.text, number: verdict.number, where: verdict.where, remedies: verdict.remedies },
    gradient:
      verdict.first && verdict.last
        ? { first: verdict.first, last: verdict.last, ratio: verdict.ratio, ratioAtStart: verdict.ratioAtStart }
        : null,
    stopped: stopped && { code: stopped.code, message: stopped.message, ...stopped.details },
    counters: net.counters && { ...net.counters, parameters: net.parameters },
    timing: {
      trainingMilliseconds: net.trainingMilliseconds,
      step: net.stepTime && { milliseconds: net.stepTime.median, ...net.stepTime },
      overPlain: overhead(result, net),
      plain: result.plain,
    },
    environment: result.environment,
    experiment: net.experiment,
  };
}

/** Makes the folder, or says why not. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new FathomError("io", `the folder ${folder} cannot be made (${(cause as Error).message}); name another with --out`, { cause });
  });
}

export async function writeSummary(folder: string, result: RunResult, net: NetResult): Promise<void> {
  await writeWhole(join(folder, "summary.json"), `${toJson(summaryOf(result, net), 2)}\n`);
}
