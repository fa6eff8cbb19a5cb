/** Which dispatches reduce some axes of a view: one invocation or one workgroup for each result, in stages where there is much to reduce. */
import type { DType } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Binding, KernelCall, KernelPlan, Target, View } from "../graph/op.ts";
import { workgroupSize } from "./lanes.ts";
import { withOutput } from "./output.ts";
import { type Axis, axesOf, mergedAxes, offsetText } from "./strides.ts";

/**
 * Elements that an invocation takes by itself, by blocks of 32, so that no sum has more than 64 roundings in a row. A GPU has other
 * invocations to share them with; a software adapter has not, and pays for every barrier.
 */
const MOST_SERIAL = { software: 1024, hardware: 64 } as const satisfies Record<Target["adapterClass"], number>;
/** Elements that each lane of a workgroup takes. */
const MOST_PER_LANE = 16;
/** Outputs from which there are invocations enough without sharing an output. */
const MANY_OUTPUTS = 64;
/** Invocations of a workgroup that needs no barrier. */
const SERIAL_SIZE = 64;

/** Expressions of WGSL; `v` an element, `o` the index of its output, `extras[o]` what belongs to it. */
export interface Reduction {
  readonly map: string;
  /** Of `a` and `b`. */
  readonly combine: string;
  /** Of `total`. */
  readonly finish?: string;
  /** Dtype of the elements, of what is combined, and of the result; the first is that of the others where they are left out. */
  readonly input: DType;
  readonly value?: DType;
  readonly output?: DType;
  readonly extra?: { readonly binding: Binding; readonly dtype: DType };
}

/** One dispatch: the elements of each output are cut into segments, each of which gives one result. */
interface Stage {
  readonly serial: boolean;
  /** Invocations of a workgroup. */
  readonly size: number;
  readonly span: number;
  readonly segments: number;
}

interface Groups {
  readonly kept: readonly Axis[];
  readonly reduced: readonly Axis[];
  readonly offset: number;
}

function groupsOf(view: View, axes: readonly number[]): Groups {
  const all = axesOf(view);
  return {
    kept: mergedAxes(all.filter((_, axis) => !axes.includes(axis))),
    reduced: mergedAxes(all.filter((_, axis) => axes.includes(axis))),
    offset: view.offset,
  };
}

const count = (axes: readonly Axis[]): number => sizeOf(axes.map(({ size }) => size));

function stageOf({ kept, reduced }: Groups, target: Target): Stage {
  const outputs = count(kept);
  const length = count(reduced);
  // Neighbouring invocations should read neighbouring elements.
  const sideBySide = kept.length > 0 && reduced.length > 0 && kept.at(-1)!.stride < reduced.at(-1)!.stride;
  const mostSerial = MOST_SERIAL[target.adapterClass];
  const serial = length <= mostSerial || target.adapterClass === "software" || (sideBySide && outputs >= MANY_OUTPUTS);
  const size = serial ? SERIAL_SIZE : workgroupSize(target);
  const segments = Math.ceil(length / (serial ? mostSerial : MOST_PER_LANE * size));
  // Segments of equal length, or nearly: the last is not left with a crumb.
  const span = Math.ceil(length / segments);
  return { serial, size, span, segments: Math.ceil(length / span) };
}

/** How the results of a stage lie, for the next one to reduce. */
function partialGroups(outputs: number, { serial, segments }: Stage): Groups {
  const [outer, inner] = serial ? [1, outputs] : [segments, 1];
  return { kept: mergedAxes([{ size: outputs, stride: outer }]), reduced: mergedAxes([{ size: segments, stride: inner }]), offset: 0 };
}

/**
 * The calls that reduce `axes` of `view`, which is read from `from`, into `to`; at least one element is reduced. Partial results of
 * long reductions go to temporaries, whose sizes are appended to `temporaries`. Only into output 0 can the result be handed through an
 * epilogue.
 */
export function reduceCalls(
  { view, axes, from, to }: { readonly view: View; readonly axes: readonly number[]; readonly from: Binding; readonly to: Binding },
  reduction: Reduction,
  target: Target,
  temporaries: number[],
): KernelCall[] {
  let groups = groupsOf(view, axes);
  let source = from;
  let { map, input } = reduction;
  const { combine, finish = "total", value = input, output = value, extra } = reduction;
  const outputs = count(groups.kept);
  if (outputs === 0) return [];
  const calls: KernelCall[] = [];
  for (;;) {
    const stage = stageOf(groups, target);
    const last = stage.segments === 1;
    const results = outputs * stage.segments;
    const call = {
      shader: "reduce",
      defines: {
        SERIAL: stage.serial,
        SIZE: stage.size,
        INPUT: input,
        VALUE: value,
        MAP: map,
        COMBINE: combine,
        FINISH: last ? finish : "total",
        KEPT: offsetText(groups.kept, "index"),
        REDUCED: offsetText(groups.reduced, "index"),
        EXTRA: extra !== undefined,
        EXTRA_TYPE: extra?.dtype ?? "u32",
      },
      overrides: { OUTPUTS: outputs, LENGTH: count(groups.reduced), SPAN: stage.span, SEGMENTS: stage.segments, OFFSET: groups.offset },
      workgroups: stage.serial ? Math.ceil(results / stage.size) : results,
      bindings: [source, ...(extra ? [extra.binding] : [])],
    };
    if (last) return [...calls, withOutput(call, output, to, output === "f32" && "output" in to && to.output === 0)];
    const temporary = temporaries.push(results) - 1;
    calls.push(withOutput(call, value, { temporary }, false));
    source = { temporary, access: "read" };
    groups = partialGroups(outputs, stage);
    map = "v";
    input = value;
  }
}

/** A reduction of the op's first input into its first output. */
export function reduceKernel(view: View, axes: readonly number[], reduction: Reduction, target: Target): KernelPlan {
  const temporaries: number[] = [];
  return { calls: reduceCalls({ view, axes, from: { input: 0 }, to: { output: 0 } }, reduction, target, temporaries), temporaries };
}
