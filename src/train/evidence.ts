/** The numbers that a diagnosis is made from, out of a run's reports: medians over its end, because one batch says little. */
import { median } from "./median.ts";
import type { Report } from "./report.ts";
import { FEWEST_TO_JUDGE_LEARNING, LEAST_WINDOW, WINDOW } from "./thresholds.ts";

/** The part of a report that is looked at. */
export type DiagnosedReport = Pick<Report, "step" | "loss" | "clipScale" | "layers" | "insight">;

export interface NormedLayer {
  readonly name: string;
  readonly gradientNorm: number;
}

/** A fraction, and the activation that it was found at. */
export interface Share {
  readonly name: string;
  readonly type: string;
  readonly share: number;
}

export interface Evidence {
  /** Every weight, in depth order. Biases do not count: one that feeds a batch-norm has only rounding noise. */
  readonly weights: readonly NormedLayer[];
  readonly first: NormedLayer | null;
  readonly last: NormedLayer | null;
  readonly ratio: number;
  readonly ratioAtStart: number;
  readonly loss: number;
  /** Whether there are too few reports to tell the run's end from its beginning. */
  readonly short: boolean;
  /** Where something was not finite first. */
  readonly nonFinite: { readonly step: number; readonly where: string } | null;
  /** The rest is null without insight. Of the first weight, ‖Δw‖/‖w‖. */
  readonly firstUpdate: number | null;
  /** The largest ‖Δw‖/‖w‖ in any report, of a weight that did not begin at 0. */
  readonly burst: { readonly name: string; readonly ratio: number } | null;
  /** The activation with the most dead units. */
  readonly deadest: Share | null;
  /** The median one among activations with two flat ends. */
  readonly saturation: Share | null;
}

const BOUNDED: ReadonlySet<string> = new Set(["sigmoid", "tanh", "hardSigmoid", "softsign", "lecunTanh"]);

export function evidenceOf(reports: readonly DiagnosedReport[]): Evidence {
  const finite = reports.filter((report) => report.layers.every(({ gradientNorm }) => Number.isFinite(gradientNorm)));
  const window = finite.slice(-Math.max(LEAST_WINDOW, Math.floor(finite.length * WINDOW)));
  const weights = weightNorms(window);
  const [first = null, last = null] = [weights[0], weights.at(-1)];
  const start = weightNorms(finite.slice(0, 1));
  const insights = window.flatMap(({ insight }) => insight ?? []);
  const latest = insights.at(-1);
  const firstWeight = latest?.parameters.findIndex(({ role }) => role === "weight") ?? -1;
  const shares = (of: "dead" | "saturated"): Share[] =>
    latest?.activations.map(({ name, type }, index) => ({
      name,
      type,
      share: median(insights.map((one) => one.activations[index]![of])),
    })) ?? [];
  const bounded = shares("saturated")
    .filter(({ type }) => BOUNDED.has(type))
    .sort((a, b) => a.share - b.share);
  return {
    weights,
    first,
    last,
    ratio: first && last ? first.gradientNorm / last.gradientNorm : Number.NaN,
    ratioAtStart: start.length > 0 ? start[0]!.gradientNorm / start.at(-1)!.gradientNorm : Number.NaN,
    loss: median(window.map((report) => report.loss)),
    short: reports.length < FEWEST_TO_JUDGE_LEARNING,
    nonFinite: firstNonFinite(reports),
    firstUpdate: firstWeight < 0 ? null : median(insights.map(({ parameters }) => parameters[firstWeight]!.updateRatio)),
    burst: largestUpdate(reports),
    deadest: shares("dead").reduce<Share | null>((most, one) => (most && most.share >= one.share ? most : one), null),
    saturation: bounded[(bounded.length - 1) >> 1] ?? null,
  };
}

/** Median norm of each weight over the reports, in depth order. */
function weightNorms(reports: readonly DiagnosedReport[]): NormedLayer[] {
  const layers = reports.at(-1)?.layers ?? [];
  return layers.flatMap(({ name, role }, index) =>
    role === "weight" ? [{ name, gradientNorm: median(reports.map((report) => report.layers[index]!.gradientNorm)) }] : [],
  );
}

function firstNonFinite(reports: readonly DiagnosedReport[]): { step: number; where: string } | null {
  for (const { step, loss, layers } of reports) {
    // Backward order: the deepest bad layer is where it began.
    const bad = layers.findLast(({ gradientNorm }) => !Number.isFinite(gradientNorm));
    if (bad) return { step, where: `the gradient of ${bad.name}` };
    if (!Number.isFinite(loss)) return { step, where: "the loss" };
  }
  return null;
}

function largestUpdate(reports: readonly DiagnosedReport[]): Evidence["burst"] {
  let burst: Evidence["burst"] = null;
  const insights = reports.flatMap(({ insight }) => insight ?? []);
  for (const { parameters } of insights)
    for (const [index, { name, role, updateRatio }] of parameters.entries()) {
      const began = insights[0]!.parameters[index]!.weightNorm;
      if (role === "weight" && began > 0 && updateRatio > (burst?.ratio ?? 0)) burst = { name, ratio: updateRatio };
    }
  return burst;
}
