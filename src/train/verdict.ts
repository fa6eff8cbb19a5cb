/** What a run's gradients say, in words: do they reach the first layer, do they grow on the way, and does the net learn. Pure, for any page or command. */
import type { Report } from "./report.ts";

export type VerdictKind = "nonFinite" | "zero" | "vanishing" | "exploding" | "stalled" | "healthy";

/** The part of a report that is judged. */
export type JudgedReport = Pick<Report, "step" | "loss" | "clipScale" | "layers">;

export interface Verdict {
  readonly kind: VerdictKind;
  /** One line. */
  readonly text: string;
  /** Medians over the last tenth of the run; null where nothing was reported. */
  readonly first: { readonly name: string; readonly gradientNorm: number } | null;
  readonly last: { readonly name: string; readonly gradientNorm: number } | null;
  /** First over last, and the same at the first report. NaN where there is none. */
  readonly ratio: number;
  readonly ratioAtStart: number;
}

export interface JudgeOptions {
  /** Where the run was stopped, if it was. */
  readonly stopped?: { readonly step: number; readonly where: string } | null;
  /** The loss of guessing, such as ln(classes): learning means to get below it. */
  readonly chance?: number | null;
}

/**
 * A first layer with a hundredth of the last one's gradient needs a hundred times the steps to move as far: that is called vanishing, and its
 * mirror image exploding.
 */
export const VANISHING_RATIO = 1 / 100;
export const EXPLODING_RATIO = 100;
/** Below this share of the better of the first loss and that of guessing, a net learns. */
export const LEARNING_SHARE = 0.9;
/** With fewer reports nothing is said about learning. */
const FEWEST_TO_JUDGE_LEARNING = 20;
/** Share of the run, at its end, over which medians are taken: one batch says little. */
const WINDOW = 0.1;

export function judge(reports: readonly JudgedReport[], { stopped = null, chance = null }: JudgeOptions = {}): Verdict {
  const finite = reports.filter((report) => report.layers.every(({ gradientNorm }) => Number.isFinite(gradientNorm)));
  const window = finite.slice(-Math.max(1, Math.floor(finite.length * WINDOW)));
  const weights = weightNorms(window);
  const [first = null, last = null] = [weights[0], weights.at(-1)];
  const start = weightNorms(finite.slice(0, 1));
  const ratio = first && last ? first.gradientNorm / last.gradientNorm : Number.NaN;
  const ratioAtStart = start.length > 0 ? start[0]!.gradientNorm / start.at(-1)!.gradientNorm : Number.NaN;
  const facts = { first, last, ratio, ratioAtStart };

  const broken = stopped ?? firstNonFinite(reports);
  if (broken) return { kind: "nonFinite", text: `not finite at step ${broken.step}: ${broken.where}`, ...facts };
  if (!first || !last) return { kind: "stalled", text: "nothing to judge: the run reported no gradients of weights", ...facts };
  const zeros = weights.filter(({ gradientNorm }) => gradientNorm === 0).length;
  if (zeros === weights.length)
    return { kind: "zero", text: "dead: every layer's gradient is exactly 0, so nothing can move any more", ...facts };
  if (first.gradientNorm === 0)
    return { kind: "zero", text: `cut off: the first layer's gradient is exactly 0, as in ${zeros} of ${weights.length} layers`, ...facts };
  if (ratio <= VANISHING_RATIO)
    return {
      kind: "vanishing",
      text: `vanishing: the first layer's gradient is ${power(ratio)} of the last's, so it hardly moves`,
      ...facts,
    };
  if (ratio >= EXPLODING_RATIO)
    return { kind: "exploding", text: `exploding: on its way to the first layer the gradient grows ${times(ratio)}`, ...facts };
  const note = clipNote(reports, ratioAtStart);
  if (reports.length < FEWEST_TO_JUDGE_LEARNING)
    return {
      kind: "healthy",
      text: `reaches every layer: first to last ${times(ratio)}${note}; too few reports to say whether it learns`,
      ...facts,
    };
  const loss = median(window.map((report) => report.loss));
  const mark = Math.min(reports[0]!.loss, chance ?? Number.POSITIVE_INFINITY);
  if (!(loss < LEARNING_SHARE * mark))
    return {
      kind: "stalled",
      text: `stalled: the gradient reaches the first layer, but the loss does not fall (${loss.toPrecision(3)})${note}`,
      ...facts,
    };
  return {
    kind: "healthy",
    text: `healthy: the gradient reaches every layer (first to last ${times(ratio)})${note}, and the net learns`,
    ...facts,
  };
}

/** Median norm of each weight over the reports, in depth order: biases may feed a batch-norm, and are rounding noise there. */
function weightNorms(reports: readonly JudgedReport[]): { name: string; gradientNorm: number }[] {
  const layers = reports.at(-1)?.layers ?? [];
  return layers.flatMap(({ name, role }, index) =>
    role === "weight" ? [{ name, gradientNorm: median(reports.map((report) => report.layers[index]!.gradientNorm)) }] : [],
  );
}

function firstNonFinite(reports: readonly JudgedReport[]): { step: number; where: string } | null {
  for (const { step, loss, layers } of reports) {
    // Backward order: the deepest bad layer is where it began.
    const bad = layers.findLast(({ gradientNorm }) => !Number.isFinite(gradientNorm));
    if (bad) return { step, where: `the gradient of ${bad.name}` };
    if (!Number.isFinite(loss)) return { step, where: "the loss" };
  }
  return null;
}

function clipNote(reports: readonly JudgedReport[], ratioAtStart: number): string {
  const clipped = reports.filter(({ clipScale }) => clipScale < 1).length;
  const start = ratioAtStart >= EXPLODING_RATIO / 2 ? `, from ${times(ratioAtStart)} at the start` : "";
  return clipped > 0 ? `${start}, clipped in ${clipped} of ${reports.length} steps` : start;
}

const times = (ratio: number): string => `×${ratio >= 10 ? Math.round(ratio) : Number(ratio.toPrecision(2))}`;
const power = (ratio: number): string => (ratio < 1e-3 ? ratio.toExponential(0) : `${Number(ratio.toPrecision(1))}`);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
