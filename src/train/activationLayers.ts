/** Which layers insight calls activations, when it calls their outputs saturated, and where these lie when it looks at all of them together. */
import type { Node } from "../graph/node.ts";
import { joinPath } from "../nn/collect.ts";
import type { Module } from "../nn/module.ts";
import type { ActivationPlace, SaturationRule } from "../ops/insight/activationStatistics.ts";
import { BEYOND } from "../ops/insight/layout.ts";
import type { ObservedActivation } from "./insight.ts";

/** 1.7159 · tanh(2x/3) */
const LECUN_TANH_END = 1.7159;
/** scale · alpha of selu: what it gives far left. */
const SELU_END = 1.7580993408473766;
/** Share of the way to a flat end at which an output is near it; the slope is then a fifth of its largest (sigmoid) or less. */
const NEAR = 0.95;

/**
 * By a module's type. Between two flat ends, an output within a twentieth of either is saturated; where one end is flat, an output near
 * that. Those with a flat end at 0 that a finite input reaches have outputs of exactly 0 there, and those that only come near it (gelu,
 * silu, mish) pass through 0 elsewhere too: for all of these what is exactly 0 counts.
 */
export const SATURATION: Readonly<Record<string, SaturationRule>> = {
  sigmoid: { low: 1 - NEAR, high: NEAR },
  hardSigmoid: { low: 1 - NEAR, high: NEAR },
  tanh: { low: -NEAR, high: NEAR },
  softsign: { low: -NEAR, high: NEAR },
  lecunTanh: { low: -NEAR * LECUN_TANH_END, high: NEAR * LECUN_TANH_END },
  // Their slope is 1 − e⁻ʸ, and y + alpha: a twentieth of the largest at these. For elu and celu alpha is taken as 1.
  softplus: { low: 1 - NEAR, high: BEYOND },
  elu: { low: -NEAR, high: BEYOND },
  celu: { low: -NEAR, high: BEYOND },
  selu: { low: -NEAR * SELU_END, high: BEYOND },
  relu: "zero",
  gelu: "zero",
  silu: "zero",
  mish: "zero",
  hardSwish: "zero",
  glu: "zero",
  swiglu: "zero",
  leakyRelu: "never",
  prelu: "never",
};

export const isActivation = ({ type, children }: Module): boolean => children.length === 0 && Object.hasOwn(SATURATION, type);

/** An activation in a model that has been traced. */
export interface ActivationLayer extends ObservedActivation {
  readonly node: Node;
}

/** Names and types, in the order in which a chain of modules runs them. */
export function activationsOf(model: Module): { name: string; type: string }[] {
  const found: { name: string; type: string }[] = [];
  const stack = [{ path: "", module: model }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { path, module } = top;
    if (isActivation(module)) found.push({ name: path, type: module.type });
    for (const { name, module: child } of [...module.children].reverse()) stack.push({ path: joinPath(path, name), module: child });
  }
  return found;
}

/** Elements; 256 bytes, the alignment of a binding. */
const ALIGNMENT = 64;

export interface PlacedActivations {
  readonly places: readonly ActivationPlace[];
  /** Elements of each buffer. */
  readonly sizes: readonly [number, number];
}

/**
 * A dispatch must not read and write one buffer, and an activation is mostly computed from the one before. So each goes into the buffer that
 * the latest activation above it is not in; where it is made from another in its own buffer, planning copies it there.
 */
export function placeActivations(layers: readonly ActivationLayer[], batchSize: number): PlacedActivations {
  const buffers = new Map<Node, 0 | 1>();
  const sizes: [number, number] = [0, 0];
  const places = layers.map(({ node, type, units }): ActivationPlace => {
    const buffer = freeBuffer(node, buffers);
    if (!buffers.has(node)) buffers.set(node, buffer);
    const offset = sizes[buffer];
    sizes[buffer] += Math.ceil((batchSize * units) / ALIGNMENT) * ALIGNMENT;
    return { buffer, offset, rows: batchSize, units, rule: SATURATION[type]! };
  });
  return { places, sizes };
}

/** The buffer that the latest activation above the node is not in. */
function freeBuffer(node: Node, buffers: ReadonlyMap<Node, 0 | 1>): 0 | 1 {
  let latest: Node | null = null;
  const seen = new Set<Node>();
  const stack = [...node.inputs];
  for (let next = stack.pop(); next; next = stack.pop()) {
    // Inputs are older than their readers: nothing above this one is later.
    if (seen.has(next) || (latest && next.serial <= latest.serial)) continue;
    seen.add(next);
    if (buffers.has(next)) latest = next;
    else stack.push(...next.inputs);
  }
  return latest && buffers.get(latest) === 0 ? 1 : 0;
}
