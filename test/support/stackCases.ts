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

/** One of the stacks that a repeat became, with a leaf for its parameters. */
export interface StackPart {
  readonly attributes: StackAttributes;
  readonly parameters: Node;
}

/** All of the stacks that a repeat became, one after the other. */
export interface PartedCase extends Omit<StackCase, keyof StackPart> {
  readonly parts: readonly StackPart[];
}

/** Numbers do not depend on how many stacks there are. */
export function partedCase(
  body: Body,
  width: number,
  rows: number,
  depth: number,
  fusion: Pick<FusionRequest, "layersPerDispatch"> = {},
): PartedCase {
  const { trace, output } = tracedStack(body, width, rows, depth, fusion);
  const traced = topologicalOrder([output]).filter(({ op }) => op === stackOp);
  if (traced.length === 0) throw new Error(trace.fusionNotes.join());
  const parts = traced.map((node): StackPart => {
    const attributes: StackAttributes = { ...node.attributes, checks: false };
    return { attributes, parameters: input([attributes.layers * attributes.stride], "f32") };
  });
  const { round, stride } = parts[0]!.attributes;
  const [x, words] = [input([rows, width], "f32"), input([STEP.words], "u32")];
  const values = new Map<Node, ArrayLike<number>>([
    [x, spread(rows * width, 5)],
    [words, Uint32Array.from({ length: STEP.words }, (_, at) => 17 * at + 3)],
  ]);
  const all = parametersOf({ ...parts[0]!.attributes, layers: depth });
  let [y, unfused, begin] = [x, x, 0];
  for (const { attributes, parameters } of parts) {
    const readsOf = (from: Node): Node[] => (round.leaves.words.size > 0 ? [from, parameters, words] : [from, parameters]);
    unfused = stackOp.decompose!(readsOf(unfused) as unknown as Listed<Node>, attributes) as Node;
    y = pick(makeNode(stackOp, readsOf(y), attributes), 0);
    const end = begin + attributes.layers * stride;
    values.set(parameters, all.slice(begin, end));
    begin = end;
  }
  return { parts, x, words, y, unfused, values };
}

/** A repeat that is one stack. */
export function stackCase(body: Body, width: number, rows: number, depth: number): StackCase {
  const { parts, ...made } = partedCase(body, width, rows, depth);
  return { ...made, ...parts[0]! };
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
  return backward([{ node: y, gradient: dy }], [x, parameters]) as [Node, Node];
}

/** The same, of each of the stacks' parameters. */
export function partedGradients({ x, parts }: PartedCase, y: Node, dy: Node): readonly Node[] {
  return backward([{ node: y, gradient: dy }], [x, ...parts.map(({ parameters }) => parameters)]) as Node[];
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
