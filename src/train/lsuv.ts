/**
 * Layer-sequential unit variance (Mishkin and Matas, ICLR 2016) on the GPU. One program runs the model on the first batch and measures the
 * standard deviation of every linear layer's outputs; it is run again after each division, because all that follows has changed.
 */
import { FathomError } from "../core/errors.ts";
import type { Initialization } from "../init/initialization.ts";
import type { Module } from "../nn/module.ts";
import { STEP } from "../ops/arena/layout.ts";
import { pack } from "../ops/pack.ts";
import { variance } from "../ops/reduce.ts";
import { sqrt } from "../ops/unary.ts";
import { weightName } from "./initialWeights.ts";
import { ModelTrace } from "./modelTrace.ts";
import type { ResolvedOptions } from "./options.ts";
import { DataOrder } from "./order.ts";
import type { Runtime, StateBuffer } from "./runtime.ts";
import type { SplitOnGpu } from "./splitOnGpu.ts";
import { gather } from "./stepGraph.ts";
import type { TrainerStates } from "./trainerStates.ts";

/** Elements from one number of a pack to the next. */
const STRIDE = 64;
/** A division that changes the deviation by less, relatively, has changed nothing. */
const NO_CHANGE = 1e-5;

/** A linear layer whose weight is to be scaled. */
interface Layer {
  readonly name: string;
  readonly segment: number;
}

/** Scales the weights in place. Needs the batch of step 0; leaves all other state as it is. */
export async function layerSequentialUnitVariance(
  runtime: Runtime,
  options: ResolvedOptions,
  states: TrainerStates,
  split: SplitOnGpu,
  { tolerance, iterations }: Extract<Initialization, { type: "lsuv" }>,
): Promise<void> {
  const order = new DataOrder(options.order, split.split.count, options.batchSize, options.seed);
  const permutation = options.order === "shuffled" ? runtime.state("permutation", "u32", order.size) : null;
  const made: { dispose(): void }[] = permutation ? [permutation] : [];
  try {
    const { layers, measure } = await compile(runtime, options, states, split, permutation, made);
    if (permutation) order.prepare(0, (rows, offset) => permutation.write(rows, offset));
    const words = new Uint32Array(STEP.words);
    words[STEP.seed] = options.seed;
    words[STEP.batchStart] = order.start(0);
    states.step.write(words);
    const weights = Float64Array.from(await states.parameters.read());
    let deviations = await measure();
    for (const [index, { name, segment }] of layers.entries()) {
      const { offset, size } = states.arena.segments[segment]!;
      for (let turn = 0; turn < iterations && Math.abs(deviations[STRIDE * index]! - 1) > tolerance; turn++) {
        const deviation = deviations[STRIDE * index]!;
        if (!(deviation > 0 && deviation < Infinity))
          throw new FathomError(
            "non-finite",
            `init.lsuv: over the first batch the outputs of ${name} have the standard deviation ${deviation}, so its weight cannot be scaled; draw the weights with init.orthogonal(), and look at the data`,
          );
        for (let at = offset; at < offset + size; at++) weights[at]! /= deviation;
        states.parameters.write(Float32Array.from(weights.subarray(offset, offset + size)), offset);
        deviations = await measure();
        if (turn === 0 && Math.abs(deviations[STRIDE * index]! / deviation - 1) < NO_CHANGE)
          throw new FathomError(
            "argument",
            `init.lsuv: the outputs of ${name} spread as before after its weight was divided by ${deviation}: the size of the weight does not matter there, as with weightStandardization; use another initialization, or parametrization "weightNorm"`,
          );
      }
    }
  } finally {
    for (const one of made) one.dispose();
  }
}

/** The layers in depth order, and a run of the program that measures them. */
async function compile(
  runtime: Runtime,
  options: ResolvedOptions,
  states: TrainerStates,
  split: SplitOnGpu,
  permutation: StateBuffer | null,
  made: { dispose(): void }[],
): Promise<{ layers: readonly Layer[]; measure: () => Promise<Float32Array> }> {
  const { model, batchSize } = options;
  const { collected, arena, runningLayout, parameters, running, step } = states;
  const outputs = new Map<Module, { readonly path: string; readonly node: Parameters<typeof variance>[0] }>();
  const trace = new ModelTrace(
    runtime,
    true,
    model,
    collected,
    arena,
    runningLayout,
    { parameters, running, step },
    {
      random: false,
      // A module that stands at several places is scaled where it comes first.
      watch: (module, path, node) => {
        if (module.type === "linear" && !outputs.has(module)) outputs.set(module, { path, node });
      },
    },
  );
  try {
    const found = runtime.trace(() => {
      trace.forward(gather(batchSize, split, step.node(), permutation).x);
      return [...outputs].map(([module, { path, node }], index) => ({
        name: `${path} (${module.description})`,
        segment: collected.parameters.findIndex((spec) => spec.module === module && spec.own === weightName(module)),
        part: { node: sqrt(variance(node, undefined, { correction: 0 })), offset: STRIDE * index },
      }));
    });
    if (found.length === 0) throw new FathomError("argument", `init.lsuv: the model (${model.description}) has no linear layer to scale`);
    const deviations = runtime.state("deviations", "f32", STRIDE * found.length);
    made.push(deviations);
    const program = await runtime.compileProgram({
      label: "layer-sequential unit variance",
      assignments: [
        {
          state: deviations,
          node: pack(
            found.map(({ part }) => part),
            deviations.size,
          ),
        },
      ],
      states: [split.x, split.y, step, parameters, running, ...(permutation ? [permutation] : [])],
    });
    made.push(program);
    const measure = async (): Promise<Float32Array> => {
      runtime.throwIfFailed();
      const reading = runtime.submit([program], [{ state: deviations, offset: 0, length: deviations.size }]);
      return (await reading!)[0] as Float32Array;
    };
    return { layers: found, measure };
  } finally {
    trace.dispose();
  }
}
