/** Bodies that can be stacked, and stacks of them as graphs of their own: on inputs, where training reads parts of its states. */

import { PlanningRuntime } from "../../bench/kernels/planningRuntime.ts";
import { backward } from "../../src/autodiff/backward.ts";
import { makeNode, type Node, topologicalOrder } from "../../src/graph/node.ts";
import type { Listed } from "../../src/graph/op.ts";
import { nn, optim } from "../../src/index.ts";
import { collect } from "../../src/nn/collect.ts";
import { STEP } from "../../src/ops/arena/layout.ts";
import { input, pick, state } from "../../src/ops/define.ts";
import { type StackAttributes, stackOp } from "../../src/ops/stack/stack.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { type FusionRequest, fuseRepeat } from "../../src/train/depthFusion.ts";
import { ModelTrace } from "../../src/train/modelTrace.ts";
import { layOutRunning } from "../../src/train/statistics.ts";
import { spread } from "./float64.ts";

export type Body = (width: number) => readonly nn.Module[];

/** Every element of a body alone, and together. */
export const BODIES = {
  linear: (width) => [nn.linear(width, width)],
  "linear without bias": (width) => [nn.linear(width, width, { bias: false })],
  tanh: (width) => [nn.linear(width, width), nn.tanh()],
  "activation first": (width) => [nn.leakyRelu(), nn.linear(width, width)],
  gelu: (width) => [nn.linear(width, width), nn.gelu()],
  residual: (width) => [nn.residual(nn.linear(width, width), nn.relu())],
  "layer norm": (width) => [nn.linear(width, width), nn.layerNorm(width), nn.tanh()],
  "layer norm, bare": (width) => [nn.layerNorm(width, { affine: false }), nn.linear(width, width)],
  "RMS norm": (width) => [nn.rmsNorm(width), nn.linear(width, width, { bias: false }), nn.elu()],
  dropout: (width) => [nn.linear(width, width), nn.tanh(), nn.dropout(0.3)],
  together: (width) => [
    nn.residual(nn.layerNorm(width), nn.linear(width, width), nn.silu(), nn.dropout(0.2), nn.linear(width, width)),
    nn.residual(nn.rmsNorm(width), nn.linear(width, width), nn.tanh()),
  ],
} as const satisfies Record<string, Body>;

export interface StackCase {
  readonly attributes: StackAttributes;
  readonly x: Node;
  readonly parameters: Node;
  readonly words: Node;
  readonly y: Node;
  /** The same in ops of its own. */
  readonly unfused: Node;
  /** Values of x, parameters and words, by which neither values nor gradients vanish in depth. */
  readonly values: ReadonlyMap<Node, ArrayLike<number>>;
}

const FUSION: FusionRequest = { mode: "always", adapterClass: "software", frozen: () => false };

/** What a trainer would make of `nn.repeat(depth, body)` for a batch of `rows`. */
export function tracedStack(
  body: Body,
  width: number,
  rows: number,
  depth: number,
  fusion: Partial<FusionRequest> = {},
): { readonly trace: ModelTrace; readonly output: Node } {
  const runtime = new PlanningRuntime({ adapterClass: "software", subgroups: false });
  const model = nn.sequential(nn.repeat(depth, () => body(width)));
  const collected = collect(model);
  const arena = layOutArena(collected.parameters);
  const states = {
    parameters: runtime.state("parameters", "f32", arena.size),
    running: runtime.state("running", "f32", 64),
    step: runtime.state("step", "u32", STEP.words),
  };
  const trace = new ModelTrace(runtime, true, model, collected, arena, layOutRunning([]), states, {
    fuse: (traced) => fuseRepeat({ ...FUSION, ...fusion }, traced),
  });
  const x = state({ state: "x", offset: 0, size: rows * width, shape: [rows, width], dtype: "f32" });
  return { trace, output: trace.forward(x) };
}

/** The first of the stacks that it became. */
export function stackCase(body: Body, width: number, rows: number, depth: number): StackCase {
  const { trace, output } = tracedStack(body, width, rows, depth);
  const traced = topologicalOrder([output]).find(({ op }) => op === stackOp);
  if (!traced) throw new Error(trace.fusionNotes.join());
  const attributes: StackAttributes = { ...traced.attributes, checks: false };
  const { round, stride, layers } = attributes;
  const [x, parameters, words] = [input([rows, width], "f32"), input([layers * stride], "f32"), input([STEP.words], "u32")];
  const reads = round.leaves.words.size > 0 ? [x, parameters, words] : [x, parameters];
  const unfused = stackOp.decompose!(reads as unknown as Listed<Node>, attributes) as Node;
  const values = new Map<Node, ArrayLike<number>>([
    [x, spread(rows * width, 5)],
    [parameters, parametersOf(attributes)],
    [words, Uint32Array.from({ length: STEP.words }, (_, at) => 17 * at + 3)],
  ]);
  return { attributes, x, parameters, words, y: pick(makeNode(stackOp, reads, attributes), 0), unfused, values };
}

/** Weights near signed permutations, which keep every norm and let errors grow no faster than depth; all else near what layers begin with. */
function parametersOf({ round, layers, stride }: StackAttributes): Float32Array {
  const all = new Float32Array(layers * stride);
  const { width } = round;
  for (let layer = 0; layer < layers; layer++)
    for (const [index, { node, offset }] of round.leaves.parameters.entries()) {
      const begin = layer * stride + offset;
      const noise = spread(
        node.shape.reduce((size, own) => size * own, 1),
        31 * layer + index + 1,
      );
      const matrix = node.shape.length === 2;
      noise.forEach((value, at) => {
        all[begin + at] = matrix
          ? (0.2 * value) / width
          : 0.3 * value + (round.nodes.some(({ op, inputs }) => op.name === "rowNorm" && inputs[1] === node) ? 1 : 0);
      });
      if (matrix)
        for (let row = 0; row < width; row++)
          all[begin + row * width + ((row * 7 + layer) % width)]! += (row + layer) % 3 === 0 ? -0.9 : 0.9;
    }
  return all;
}

/** Gradients of Σ dy · y by x and the parameters. */
export function stackGradients({ x, parameters }: StackCase, y: Node, dy: Node): readonly [Node, Node] {
  const [dx, dParameters] = backward([{ node: y, gradient: dy }], [x, parameters]);
  return [dx!, dParameters!];
}

/** A trainer's options for a net of the body. */
export const stackedNet = (body: Body, width: number, depth: number) => ({
  model: nn.sequential(
    nn.linear(16, width),
    nn.repeat(depth, () => body(width)),
    nn.linear(width, 3),
  ),
  loss: nn.softmaxCrossEntropy(),
  optimizer: optim.sgd({ learningRate: 0.1 }),
  depthFusion: "always" as const,
});
