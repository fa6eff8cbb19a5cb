/**
 * What a run's reports say, in words: whether gradients reach the first layers, grow on the way, units are dead or saturated, and whether the
 * net learns. Pure, for any page or command. Thresholds are explained in docs/diagnose.md.
 */
import { type DiagnosedReport, type Evidence, evidenceOf, type NormedLayer } from "./evidence.ts";
import { type DiagnosisKind, REMEDIES } from "./remedyAdvice.ts";
import {
  DEAD_UNITS,
  EXPLODING_RATIO,
  EXPLODING_UPDATE,
  FADING_RATIO,
  FADING_UPDATE,
  FEWEST_TO_JUDGE_LEARNING,
  LEARNING_SHARE,
  SATURATED_SHARE,
  UNDERFLOW,
  VANISHING_RATIO,
} from "./thresholds.ts";
import { falls } from "./trend.ts";

export type { DiagnosedReport } from "./evidence.ts";
export type { DiagnosisKind } from "./remedyAdvice.ts";

export interface Diagnosis {
  readonly kind: DiagnosisKind;
  /** The number behind it, whose meaning `text` tells: a ratio of gradient norms, a fraction, a loss, a step. */
  readonly number: number;
  /** The layer or parameter that it was found at; null where it is about the whole net. */
  readonly where: string | null;
  /** One line. */
  readonly text: string;
  /** What to try, the likeliest first. */
  readonly remedies: readonly string[];
  /** Of weights, medians over the last tenth of the run; null where nothing was reported. */
  readonly first: NormedLayer | null;
  readonly last: NormedLayer | null;
  /** First over last, and the same at the first report. NaN where there is none. */
  readonly ratio: number;
  readonly ratioAtStart: number;
}

export interface DiagnoseOptions {
  /** Where the run was stopped, if it was. */
  readonly stopped?: { readonly step: number; readonly where: string } | null;
  /** The loss of guessing, such as ln(classes): learning means to get below it. */
  readonly chance?: number | null;
}

/** Of one report or of a run's, in order; with insight it sees dead and saturated units and the updates. Judges by the end of the run. */
export function diagnose(
  given: DiagnosedReport | readonly DiagnosedReport[],
  { stopped = null, chance = null }: DiagnoseOptions = {},
): Diagnosis {
  const reports = Array.isArray(given) ? (given as readonly DiagnosedReport[]) : [given as DiagnosedReport];
  const evidence = evidenceOf(reports);
  const found =
    broken(evidence, stopped) ??
    nothing(evidence) ??
    dead(evidence) ??
    saturated(evidence) ??
    cutOff(evidence) ??
    vanishing(evidence) ??
    exploding(evidence);
  const { kind, number, where, text } = found ?? learning(reports, evidence, chance);
  const { first, last, ratio, ratioAtStart } = evidence;
  return { kind, number, where, text, remedies: REMEDIES[kind], first, last, ratio, ratioAtStart };
}

type Finding = Pick<Diagnosis, "kind" | "number" | "where" | "text"> | null;

function broken({ nonFinite, burst }: Evidence, stopped: DiagnoseOptions["stopped"]): Finding {
  const at = stopped ?? nonFinite;
  if (!at) return null;
  const text = `not finite at step ${at.step}: ${at.where}`;
  if (burst && burst.ratio >= EXPLODING_UPDATE)
    return {
      kind: "exploding",
      number: burst.ratio,
      where: burst.name,
      text: `exploding: ${text}, after a step that moved ${burst.name} by ${times(burst.ratio)} its length`,
    };
  return { kind: "nonFinite", number: at.step, where: at.where, text };
}

function nothing({ weights }: Evidence): Finding {
  if (weights.length > 0) return null;
  return { kind: "stalled", number: Number.NaN, where: null, text: "nothing to judge: the run reported no gradients of weights" };
}

function dead({ deadest }: Evidence): Finding {
  if (!deadest || deadest.share < DEAD_UNITS) return null;
  const units = deadest.share === 1 ? "all units" : `${percent(deadest.share)} of the units`;
  return {
    kind: "dead",
    number: deadest.share,
    where: deadest.name,
    text: `dead: ${units} of ${deadest.name} (${deadest.type}) give 0 for every row, so that nothing passes`,
  };
}

/** A gradient of exactly 0 that did not fade on the way. */
function cutOff({ weights, first }: Evidence): Finding {
  const zeros = weights.filter(({ gradientNorm }) => gradientNorm === 0).length;
  const lowest = Math.min(...weights.map(({ gradientNorm }) => (gradientNorm === 0 ? Number.POSITIVE_INFINITY : gradientNorm)));
  if (first!.gradientNorm !== 0 || lowest < UNDERFLOW) return null;
  const text =
    zeros === weights.length
      ? "dead: every layer's gradient is exactly 0, so nothing can move any more"
      : `cut off: the first layer's gradient is exactly 0, as in ${zeros} of ${weights.length} layers`;
  return { kind: "dead", number: zeros / weights.length, where: first!.name, text };
}

function saturated({ saturation, ratio }: Evidence): Finding {
  if (!saturation || saturation.share < SATURATED_SHARE) return null;
  return {
    kind: "saturated",
    number: saturation.share,
    where: saturation.name,
    text: `saturated: ${percent(saturation.share)} of the outputs of ${saturation.name} (${saturation.type}), and as many in half of the layers, are at their flat ends; first to last gradient ${times(ratio)}`,
  };
}

function vanishing({ ratio, first, last, firstUpdate }: Evidence): Finding {
  const fading = firstUpdate !== null && ratio <= FADING_RATIO && firstUpdate <= FADING_UPDATE;
  if (ratio > VANISHING_RATIO && !fading) return null;
  const moves = firstUpdate === null ? "hardly moves" : `moves by ${firstUpdate.toExponential(0)} of its length in a step`;
  return {
    kind: "vanishing",
    number: ratio,
    where: first!.name,
    text: `vanishing: the first layer's gradient is ${power(ratio)} of the last's (${first!.name}, ${last!.name}), so it ${moves}`,
  };
}

function exploding({ ratio, first, burst, short }: Evidence): Finding {
  if (ratio >= EXPLODING_RATIO)
    return {
      kind: "exploding",
      number: ratio,
      where: first!.name,
      text: `exploding: on its way to the first layer the gradient grows ${times(ratio)}`,
    };
  // A long run may have begun with a leap and have recovered: it is judged by its end.
  if (!short || !burst || burst.ratio < EXPLODING_UPDATE) return null;
  return {
    kind: "exploding",
    number: burst.ratio,
    where: burst.name,
    text: `exploding: a step moved ${burst.name} by ${times(burst.ratio)} its length`,
  };
}

function learning(
  reports: readonly DiagnosedReport[],
  { ratio, ratioAtStart, loss }: Evidence,
  chance: number | null,
): NonNullable<Finding> {
  const start = ratioAtStart >= EXPLODING_RATIO / 2 ? `, ${times(ratioAtStart)} at the start` : "";
  const note = clipNote(reports);
  const healthy = { kind: "healthy", number: ratio, where: null } as const;
  if (reports.length < FEWEST_TO_JUDGE_LEARNING)
    return {
      ...healthy,
      text: `reaches every layer: first to last ${times(ratio)}${start}${note}; too few reports to say whether it learns`,
    };
  const mark = Math.min(reports[0]!.loss, chance ?? Number.POSITIVE_INFINITY);
  // What came from far above guessing, as deep nets do, may need most of the run to get below it.
  if (!(loss < LEARNING_SHARE * mark) && falls(reports.map((report) => report.loss)))
    return {
      ...healthy,
      text: `healthy: the gradient reaches every layer (first to last ${times(ratio)}${start})${note}, and the loss falls, though not yet below ${mark === chance ? "that of guessing" : "the first"} (${loss.toPrecision(3)})`,
    };
  if (!(loss < LEARNING_SHARE * mark))
    return {
      kind: "stalled",
      number: loss,
      where: null,
      text: `stalled: the gradient reaches the first layer (first to last ${times(ratio)}${start})${note}, but the loss does not fall (${loss.toPrecision(3)})`,
    };
  return {
    ...healthy,
    text: `healthy: the gradient reaches every layer (first to last ${times(ratio)}${start})${note}, and the net learns`,
  };
}

function clipNote(reports: readonly DiagnosedReport[]): string {
  const clipped = reports.filter(({ clipScale }) => clipScale < 1).length;
  return clipped > 0 ? `, clipped in ${clipped} of ${reports.length} steps` : "";
}

const times = (ratio: number): string => `×${ratio >= 10 ? Math.round(ratio) : Number(ratio.toPrecision(2))}`;
const power = (ratio: number): string => (ratio < 1e-3 ? ratio.toExponential(0) : `${Number(ratio.toPrecision(1))}`);
const percent = (share: number): string => `${Math.round(100 * share)} %`;
