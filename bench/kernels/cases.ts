/** What kernels are timed: those of training steps that between them have all, those of graphs that training does not need, and every matmul tile. */

import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { argmax } from "../../src/ops/argReduce.ts";
import { batchNormTrain } from "../../src/ops/batchNorm.ts";
import { mul } from "../../src/ops/binary.ts";
import { concat } from "../../src/ops/concat.ts";
import { input } from "../../src/ops/define.ts";
import { embedding } from "../../src/ops/gather.ts";
import { multiMargin } from "../../src/ops/multiMargin.ts";
import { layerNorm } from "../../src/ops/normalize.ts";
import { huber } from "../../src/ops/pointwiseLoss.ts";
import { sum } from "../../src/ops/reduce.ts";
import { slice } from "../../src/ops/slice.ts";
import { softmax } from "../../src/ops/softmax.ts";
import type { PlanDispatch, PlanKernel } from "../../src/plan/types.ts";
import { type NetSize, plainNet } from "../remedies/plainNet.ts";
import { ALL_VARIANTS, experimentOf } from "../remedies/variants.ts";
import { capturedEvaluation, capturedGraph, capturedStep } from "./capture.ts";
import type { FilledPlan } from "./planRunner.ts";
import { stackCases } from "./stackCases.ts";
import { difference, kindOf } from "./variants.ts";

/** Rows, and features of each. */
export interface KernelSize {
  readonly rows: number;
  readonly width: number;
}

export interface KernelCase {
  /** Names of shaders. */
  readonly kernels: readonly string[];
  /** In words, where it is not the kernel's most usual one. */
  readonly variant?: string;
  readonly size: KernelSize;
  /** "software" and "hardware" are the two ways in which kernels are laid out; either runs on any adapter. */
  readonly layout: Target["adapterClass"];
  readonly filled: FilledPlan;
  /** Timed by itself, after the whole plan has run once. More than one where they only make sense in turn. */
  readonly dispatches: readonly PlanDispatch[];
  /** Multiplications and additions of one run, where they cannot be told from the plan. */
  readonly operations?: number;
}

export const caseName = ({ kernels, variant }: KernelCase): string => [...kernels, ...(variant ? [variant] : [])].join(", ");

/** Of the remedies, those whose steps have a kernel, or a variant of one, that no earlier one has. */
const STEPS = [
  "norm-batchNorm",
  "norm-layerNorm",
  "norm-weightNorm",
  "norm-rmsNorm",
  "norm-weightStandardization",
  "clip-parameterNorm",
  "clip-value",
  "clip-adaptive",
  "regularizer-l2",
  "regularizer-labelSmoothing",
  "regularizer-maxNorm",
  "regularizer-gradientNoise",
  "skip-rezero",
  "skip-concat",
  "skip-dense",
  "schedule-plateau",
  "optimizer-momentum",
  "optimizer-adagrad",
  "optimizer-rmsprop",
  "optimizer-rmspropCentered",
  "optimizer-adam",
  "optimizer-nadam",
  "optimizer-radam",
  "optimizer-lion",
  "optimizer-lamb",
  "optimizer-muon",
  "monitor-parameters",
  "monitor-activations",
  "monitor-histograms",
] as const;

/** Linked lists are built anew each time: a link that is set twice would never end. */
const IN_TURN: ReadonlySet<string> = new Set(["scatter_clear", "scatter_link", "scatter_rows"]);

const f = (...shape: number[]): Node => input(shape, "f32");

function graphs({ rows, width }: KernelSize): Node[][] {
  const [x, labels, table] = [f(rows, width), input([rows], "i32"), f(width, width)];
  const lossGradient = (loss: Node): Node[] => backward([{ node: loss }], [x]).filter((node) => node !== null);
  const looked = embedding(table, labels);
  const part = slice(x, [null, { start: 1, step: 2 }]);
  return [
    [softmax(x)],
    [argmax(x, 1)],
    [concat([x, f(rows, width)], 1)],
    [multiMargin(x, labels)],
    [huber(x, f(rows, width))],
    lossGradient(multiMargin(x, labels)),
    lossGradient(huber(x, f(rows, width))),
    [sum(x, 0)],
    [sum(x, 1)],
    [sum(x)],
    [looked],
    backward([{ node: sum(mul(looked, looked)) }], [table]).filter((node) => node !== null),
    backward([{ node: sum(mul(part, part)) }], [x]).filter((node) => node !== null),
  ];
}

/** Rows of a batch that is split among workgroups, where a shorter one is not. */
const LONG = { software: 2048, hardware: 8192 } as const satisfies Record<Target["adapterClass"], number>;

/** What is done in more than one dispatch where the batch is long. */
function longGraphs({ rows, width }: KernelSize): Node[][] {
  const [x, scale, shift, dy] = [f(rows, width), f(width), f(width), f(rows, width)];
  const gradients = (y: Node): Node[] => backward([{ node: y, gradient: dy }], [x, scale, shift]).filter((node) => node !== null);
  const batchNorm = batchNormTrain(x, scale, shift, 1e-5).y;
  const normalized = layerNorm(x, scale, shift, 1e-5);
  return [[batchNorm], gradients(batchNorm), gradients(normalized), [huber(x, f(rows, width))]];
}

const bytesOf = ({ bindings }: PlanDispatch): number => bindings.reduce((bytes, { size }) => bytes + size, 0);

/** A plan whose kernels become cases, and what they are called beside their names. */
export interface CapturedPlan {
  readonly filled: FilledPlan;
  readonly size: KernelSize;
  readonly variant?: string;
}

/** Those of which `kernelCases` takes every kernel and variant. A trial has one step and one graph. */
export async function capturedPlans(size: KernelSize, target: Target, trial = false): Promise<CapturedPlan[]> {
  const most = trial ? 1 : Number.POSITIVE_INFINITY;
  const net: NetSize = { depth: 3, width: size.width, batchSize: size.rows };
  const plain = plainNet(net, 7);
  const found: CapturedPlan[] = [];
  for (const id of STEPS.slice(0, most)) {
    const variant = ALL_VARIANTS.find((one) => one.id === id)!;
    found.push({ filled: await capturedStep(experimentOf(plain, variant, net), target), size });
  }
  for (const roots of graphs(size).slice(0, most)) found.push({ filled: capturedGraph(roots, target, size.width), size });
  if (trial) return found;
  found.push({ filled: await capturedEvaluation(plain, target), size });
  const long = { ...size, rows: LONG[target.adapterClass] };
  for (const roots of longGraphs(long))
    found.push({ filled: capturedGraph(roots, target, size.width), size: long, variant: `${long.rows} rows` });
  return found;
}

/** Of each kernel of the plan, and of each of its variants, the dispatch that moves most; those that move more come first. */
function casesOf({ filled, size, variant }: CapturedPlan, layout: KernelCase["layout"]): KernelCase[] {
  const { kernels, dispatches } = filled.plan;
  const nameOf = ({ kernel }: PlanDispatch): string => kernels[kernel]!.name;
  const largest = new Map<string, PlanDispatch>();
  for (const dispatch of dispatches) {
    const kind = kindOf(kernels[dispatch.kernel]!);
    const best = largest.get(kind);
    if (!best || bytesOf(dispatch) > bytesOf(best)) largest.set(kind, dispatch);
  }
  const made = (names: readonly string[], own: readonly PlanDispatch[]): KernelCase => ({
    kernels: names,
    ...(variant ? { variant } : {}),
    size,
    layout,
    filled,
    dispatches: own,
  });
  const alone = [...largest.values()].filter((dispatch) => !IN_TURN.has(nameOf(dispatch)));
  const inTurn = dispatches.filter((dispatch) => IN_TURN.has(nameOf(dispatch)));
  return [
    ...alone.sort((one, two) => bytesOf(two) - bytesOf(one)).map((dispatch) => made([nameOf(dispatch)], [dispatch])),
    ...(inTurn.length > 0 ? [made([...IN_TURN], inTurn)] : []),
  ];
}

/** Every kernel and each of its variants once, at that size, in one layout. A trial has those of one step and of one graph. */
export async function kernelCases(size: KernelSize, target: Target, trial = false): Promise<KernelCase[]> {
  const found = new Map<string, Map<string, KernelCase>>();
  for (const plan of await capturedPlans(size, target, trial))
    for (const one of casesOf(plan, target.adapterClass)) {
      const name = caseName(one);
      const sameName = found.get(name) ?? new Map<string, KernelCase>();
      found.set(name, sameName);
      const kind = kindsOf(one).join();
      if (sameName.has(kind)) continue;
      // The first has the name alone, the others what they have otherwise.
      const [first] = sameName.values();
      const variant = [...(one.variant ? [one.variant] : []), ...(first ? [difference(kernelOf(one), kernelOf(first))] : [])].join(", ");
      sameName.set(kind, variant ? { ...one, variant } : one);
    }
  const cases = [...found.values()].flatMap((sameName) => [...sameName.values()]);
  return trial ? cases : [...cases, ...(await stackCases(size, target))];
}

/** Two cases are one kernel where neither text nor constants nor grid differ. */
export const identityOf = ({ filled, dispatches }: KernelCase): string =>
  JSON.stringify(dispatches.map(({ kernel, workgroups }) => [strip(filled.plan.kernels[kernel]!), workgroups]));

const kernelOf = ({ filled, dispatches }: KernelCase): PlanKernel => filled.plan.kernels[dispatches[0]!.kernel]!;

const kindsOf = ({ filled, dispatches }: KernelCase): string[] => dispatches.map(({ kernel }) => kindOf(filled.plan.kernels[kernel]!));

const strip = ({ name, defines, constants }: PlanKernel) => ({ name, defines, constants });

/** What one run does: floating-point operations of a product, else the bytes of all that is bound, each counted once. */
export function rateOf({ kernels, filled, dispatches, operations }: KernelCase): {
  readonly unit: string;
  readonly perMillisecond: number;
} {
  if (operations !== undefined) return { unit: "GFLOP/s", perMillisecond: operations / 1e6 };
  if (kernels[0]!.startsWith("matmul")) {
    const { M, N, K, BATCHES } = filled.plan.kernels[dispatches[0]!.kernel]!.constants as Record<string, number>;
    return { unit: "GFLOP/s", perMillisecond: (2 * M! * N! * K! * (BATCHES ?? 1)) / 1e6 };
  }
  return { unit: "GB/s", perMillisecond: dispatches.reduce((bytes, dispatch) => bytes + bytesOf(dispatch), 0) / 1e6 };
}
