/** Second and last pass of a step's statistics: norms, clip scale, what follows from a non-finite number, counters, and the step's record. */
import finishStatisticsText from "../../../shaders/finish_statistics.wgsl?raw";
import clip from "../../../shaders/lib/clip.wgsl?raw";
import plateau from "../../../shaders/lib/plateau.wgsl?raw";
import scaled from "../../../shaders/lib/scaled.wgsl?raw";
import { makeNode, type Node, type TensorType } from "../../graph/node.ts";
import type { Listed, Op, Reference, Shader } from "../../graph/op.ts";
import { defineOp, pick } from "../define.ts";
import { workgroupSize } from "../lanes.ts";
import { CLIP_CODES, type ClipKind, type ClipScale, clipScale, scaleUnlessBad } from "./clip.ts";
import {
  bitsOf,
  COUNTERS,
  exponentOf,
  floatOf,
  LOSS_STRIDE,
  NONE,
  PARTIAL,
  RECORD,
  recordWords,
  requireWords,
  STEP,
  SUMMARY,
} from "./layout.ts";
import { advancePlateau, type PlateauAttributes, plateauFactor, plateauOverrides } from "./plateau.ts";

export const finishStatisticsShader: Shader = { name: "finish_statistics", text: plateau + scaled + clip + finishStatisticsText };

/** What a non-finite number leads to: the end of training, the loss of one update, or nothing. */
export type NonFinitePolicy = "stop" | "skip" | "ignore";

export interface FinishAttributes {
  /** 0 for a step without statistics, whose partials are not read. */
  readonly segments: number;
  /** Losses of auxiliary heads, which lie behind the main one, 64 elements apart; none where left out. */
  readonly auxiliary?: number;
  /** Layers whose kernels are checked: "flags" has 64 words for each. */
  readonly layers: number;
  /** Records that the ring holds. */
  readonly slots: number;
  readonly clip: ClipKind;
  /** For an adaptive clip: where, behind the partials, the least scale of each record of the row table lies; in words. */
  readonly rowScales?: { readonly offset: number; readonly count: number };
  readonly policy: NonFinitePolicy;
  /** Null where the schedule does not follow the losses. */
  readonly plateau: PlateauAttributes | null;
}

const NO_ROWS = { offset: 0, count: 0 };

const POLICY_CODES = { stop: 0, skip: 1, ignore: 2 } as const satisfies Record<NonFinitePolicy, number>;

/** Words from one layer's flag to the next: 256 bytes. */
const FLAG_STRIDE = 64;

/** Inputs: partials, segments, step, loss, counters, flags, ring. Outputs: summary, and the last three as they become. */
export const finishStatisticsOp: Op<FinishAttributes> = defineOp<FinishAttributes>({
  name: "finishStatistics",
  infer: ([, segmentTable, step, loss, counters, flags, ring], { segments, auxiliary = 0, layers, slots, clip }): readonly TensorType[] => {
    const what = "finishStatistics";
    if (segments > 0) requireWords(what, "segments", segmentTable, 2 * segments);
    requireWords(what, "step", step, STEP.words);
    requireWords(what, "counters", counters, COUNTERS.words);
    if (flags.shape[0]! < FLAG_STRIDE * layers) requireWords(what, "flags", flags, FLAG_STRIDE * layers);
    requireWords(what, "ring", ring, slots * recordWords(segments, auxiliary));
    if (auxiliary > 0) requireWords(what, "loss", loss, LOSS_STRIDE * (1 + auxiliary));
    else if (loss.shape.length > 0) requireWords(what, "loss", loss, 1);
    const words = SUMMARY.words + (clip === "parameterNorm" ? 2 * segments : 0);
    return [{ shape: [words], dtype: "u32" }, counters, flags, ring].map(({ shape, dtype }) => ({ shape, dtype: dtype as "u32" }));
  },
  vjp: "nondifferentiable",
  reference: (inputs, attributes) => finish(inputs, attributes),
  form: {
    kind: "kernel",
    kernel: (_inputs, _outputs, { segments, auxiliary = 0, layers, slots, clip, rowScales = NO_ROWS, policy, plateau }, target) => {
      const size = workgroupSize(target);
      let lanes = 1;
      while (lanes * 2 * Math.max(1, segments) <= size) lanes *= 2;
      return {
        calls: [
          {
            shader: finishStatisticsShader,
            defines: { SIZE: size, PLATEAU: plateau !== null },
            overrides: {
              SEGMENTS: segments,
              AUXILIARY: auxiliary,
              LAYERS: layers,
              SLOTS: slots,
              LANES: lanes,
              CLIP: CLIP_CODES[clip],
              TILES: rowScales.count,
              LEASTS: rowScales.offset,
              POLICY: POLICY_CODES[policy],
              ...plateauOverrides(plateau),
            },
            workgroups: 1,
            bindings: [...[0, 1, 2, 3].map((input) => ({ input })), ...[0, 1, 2, 3].map((output) => ({ output }))],
          },
        ],
      };
    },
    inPlace: { 1: 4, 2: 5, 3: 6 },
  },
});

interface Norm {
  squares: number;
  /** The largest finite magnitude. */
  highest: number;
  infinite: boolean;
  undefined: boolean;
}

const normOf = ({ squares, infinite, undefined: none }: Norm): number => (none ? Number.NaN : infinite ? Infinity : Math.sqrt(squares));

function finish(
  inputs: Listed<Reference>,
  { segments, auxiliary = 0, layers, slots, clip, rowScales = NO_ROWS, policy, plateau }: FinishAttributes,
): Reference[] {
  const [partials, segmentTable, step, loss] = inputs;
  const [counters, flags, ring] = [inputs[4], inputs[5], inputs[6]].map(({ data }) => data.slice()) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const record = (step.data[STEP.attemptedStep]! % slots) * recordWords(segments, auxiliary);
  const all: Norm = { squares: 0, highest: 0, infinite: false, undefined: false };
  let penalty = 0;
  let badSegment = NONE;
  const norms: number[] = [];
  const scales: ClipScale[] = [];
  const limit = floatOf(step.data[STEP.clipMax]!);
  for (let segment = 0; segment < segments; segment++) {
    const own: Norm = { squares: 0, highest: 0, infinite: false, undefined: false };
    const first = segmentTable.data[2 * segment]!;
    for (let chunk = first; chunk < first + segmentTable.data[2 * segment + 1]!; chunk++) {
      const [highest, squares, part, bad] = partials.data.subarray(chunk * PARTIAL.words) as unknown as [number, number, number, number];
      own.squares += floatOf(squares) * 4 ** exponentOf(highest);
      own.highest = Math.max(own.highest, floatOf(highest));
      own.infinite ||= (bad & 1) !== 0;
      own.undefined ||= (bad & 2) !== 0;
      penalty += floatOf(part);
    }
    norms.push(bitsOf(normOf(own)));
    scales.push(clipScale(clip, limit, normOf(own), own.highest));
    all.squares += own.squares;
    all.highest = Math.max(all.highest, own.highest);
    all.infinite ||= own.infinite;
    all.undefined ||= own.undefined;
    if (own.infinite || own.undefined) badSegment = segment;
  }
  let badLayer = NONE;
  for (let layer = layers - 1; layer >= 0; layer--) {
    if (flags[FLAG_STRIDE * layer] !== 0) badLayer = layer;
    flags[FLAG_STRIDE * layer] = 0;
  }
  const losses = Array.from({ length: 1 + auxiliary }, (_, index) => loss.data[LOSS_STRIDE * index]!);
  const bad = badLayer !== NONE || badSegment !== NONE || !losses.every(Number.isFinite);
  if (bad) {
    if (counters[COUNTERS.badSteps] === 0) counters.set([step.data[STEP.attemptedStep]!, badLayer, badSegment], COUNTERS.firstBadStep);
    counters[COUNTERS.badSteps]! += 1;
    if (policy === "stop") counters[COUNTERS.stopped] = 1;
  }
  const stopped = counters[COUNTERS.stopped] !== 0;
  const skip = policy !== "ignore" && (bad || stopped);
  const applied = counters[COUNTERS.appliedStep]!;
  counters[skip ? COUNTERS.skippedUpdates : COUNTERS.appliedStep]! += 1;
  const rate = plateau ? bitsOf(floatOf(step.data[STEP.learningRate]!) * plateauFactor(counters)) : step.data[STEP.learningRate]!;
  if (plateau && !stopped) advancePlateau(counters, step.data, loss.data[0]!, skip, plateau);
  const norm = normOf(all);
  const bySegment = clip === "parameterNorm";
  const scale = clipScale(bySegment ? "none" : clip, limit, norm, all.highest);
  const factors =
    clip === "adaptive"
      ? [scaleUnlessBad(1, norm), ...Array.from(partials.data.subarray(rowScales.offset, rowScales.offset + rowScales.count), floatOf)]
      : (bySegment ? scales : [scale]).map(({ factor, exponent }) => factor * 2 ** exponent);
  // Math.min gives NaN where there is one.
  const least = Math.min(...factors);
  const numbers = { loss: bitsOf(loss.data[0]!), penalty: bitsOf(penalty), norm: bitsOf(norm), least: bitsOf(least) };
  const status = (bad ? 1 : 0) | (skip ? 2 : 0) | (stopped ? 4 : 0);
  const head = [step.data[STEP.attemptedStep]!, status, badLayer, badSegment, numbers.loss, numbers.penalty, numbers.norm, numbers.least];
  ring.set(
    [...head, rate, counters[COUNTERS.appliedStep]!, 0, 0, 0, 0, 0, 0, ...norms, ...losses.slice(1).map(bitsOf)],
    record + RECORD.attemptedStep,
  );
  const bits = ({ factor, exponent }: ClipScale): number[] => [bitsOf(factor), exponent >>> 0];
  const [factor, exponent] = bits(scale) as [number, number];
  const words = [skip ? 1 : 0, factor, applied, bad ? 1 : 0, numbers.norm, numbers.penalty, rate, exponent];
  const summary = new Float64Array(SUMMARY.words + (bySegment ? 2 * segments : 0));
  summary.set(words);
  if (bySegment) summary.set(scales.flatMap(bits), SUMMARY.words);
  return [summary, counters, flags, ring].map((data) => ({ shape: [data.length], data }));
}

export interface FinishInputs {
  /** Of gradientStatistics. */
  readonly partials: Node;
  readonly segments: Node;
  readonly step: Node;
  /** f32, one element; with auxiliary losses as many as 64 for each, them included. */
  readonly loss: Node;
  readonly counters: Node;
  readonly flags: Node;
  readonly ring: Node;
}

/** One dispatch. `summary` u32[16] (see SUMMARY) goes to the updates; the others are to be assigned to the states they are named after. */
export function finishStatistics(
  { partials, segments, step, loss, counters, flags, ring }: FinishInputs,
  attributes: FinishAttributes,
): { readonly summary: Node; readonly counters: Node; readonly flags: Node; readonly ring: Node } {
  const node = makeNode(finishStatisticsOp, [partials, segments, step, loss, counters, flags, ring], attributes);
  return { summary: pick(node, 0), counters: pick(node, 1), flags: pick(node, 2), ring: pick(node, 3) };
}
