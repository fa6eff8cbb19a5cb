/** A round cut into phases: each begins where a row must be whole, and does elementwise work on what comes out, as far as that goes. */
import { sameShape } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { pickOp } from "../define.ts";
import { linearOp, linearWeightGradientOp } from "../linear.ts";
import { matmulOp } from "../matmul.ts";
import { rowNormGradientOp, rowNormOp } from "../rowNorm.ts";
import type { Round } from "./round.ts";

/** A product, a norm, a norm's gradient or what the pass begins with, and the elementwise nodes that follow from it. */
export interface Phase {
  readonly anchor: Node;
  readonly members: readonly Node[];
}

/** One way through a round. Values of later phases' use lie in tiles of workgroup memory; tile 0 holds what the pass begins with. */
export interface Pass {
  readonly phases: readonly Phase[];
  readonly tileOf: ReadonlyMap<Node, number>;
  readonly tiles: number;
  readonly end: Node;
}

/** What the weights' gradients are made of: Σ over rows of a stored dz times a kept x, and Σ of a stored value; offsets as the parameters'. */
export interface RowSums {
  readonly matrices: readonly { readonly dz: number; readonly x: Kept; readonly offset: number }[];
  readonly vectors: readonly { readonly slot: number; readonly offset: number }[];
}

/** Where a forward value is kept: in slot `slot` of its round, or as the next round's x. */
export type Kept = { readonly slot: number } | "next";

export interface Passes {
  readonly forward: Pass;
  readonly backward: Pass;
  readonly kept: ReadonlyMap<Node, Kept>;
  /** Slots of a round; slot 0 is its x. */
  readonly keptSlots: number;
  /** Norms in their order: the statistics of their rows are kept too. */
  readonly norms: readonly Node[];
  /** Values of the backward pass that the sums need. For a norm's gradient, `along` is dy · x̂. */
  readonly stored: ReadonlyMap<Node, number>;
  readonly along: ReadonlyMap<Node, number>;
  readonly storedSlots: number;
  readonly sums: RowSums;
}

/** The node whose first output this is. */
export const producer = (node: Node): Node => (node.op === pickOp && node.attributes.index === 0 ? node.inputs[0]! : node);

const ANCHORS: ReadonlySet<unknown> = new Set([linearOp, matmulOp, rowNormOp, rowNormGradientOp]);
const isAnchor = (node: Node): boolean => ANCHORS.has(node.op);
const isElementwise = (node: Node): boolean => node.op.form.kind === "elementwise";

/** What keeps a round from being one of a stack, in words; null where nothing does. */
export function unsuited(round: Round): string | null {
  const { x, y, nodes, gradientNodes, leaves, gradient } = round;
  const parameters = new Set(leaves.parameters.map(({ node }) => node));
  const tiled = (node: Node): boolean => node.dtype === "f32" && sameShape(producer(node).shape, x.shape);
  const scalar = (node: Node): boolean => node.shape.length === 0 && node.inputs.length === 0;
  const given = (node: Node): boolean => scalar(node) || leaves.words.has(node) || leaves.users.has(node);
  const fits = (node: Node): boolean => {
    const { op, inputs, attributes } = node;
    if (isElementwise(node)) {
      if (op.form.kind === "elementwise" && op.form.usesIndex && round.width % 4 !== 0) return false;
      return tiled(node) && inputs.every((one) => tiled(one) || given(one));
    }
    if (op === pickOp) return isAnchor(inputs[0]!) || inputs[0]!.op === linearWeightGradientOp;
    if (op === linearOp || op === matmulOp) return tiled(node) && tiled(inputs[0]!) && inputs.slice(1).every((one) => parameters.has(one));
    if (op === rowNormOp)
      return attributes.groups === 1 && attributes.scale !== "lines" && inputs.slice(1).every((one) => parameters.has(one));
    return op === rowNormGradientOp || (op === linearWeightGradientOp && inputs.every(tiled));
  };
  if (!sameShape(x.shape, y.shape)) return `its rounds turn [${x.shape.join()}] into [${y.shape.join()}]`;
  const bad = [...nodes, ...gradientNodes].find((node) => !fits(node));
  if (bad)
    return `${bad.op.name} does not work row by row on ${round.width} features${round.width % 4 === 0 ? "" : ", which are no multiple of 4"}`;
  if (!nodes.some((node) => isAnchor(node) && node.op !== rowNormOp)) return "its rounds have no linear layer";
  const summed = gradient.parameters.every(
    (node) =>
      !node || (node.op === pickOp ? node.inputs[0]! : node).op === linearWeightGradientOp || producerOf(node).op === rowNormGradientOp,
  );
  return summed ? null : "a parameter is used more than once";
}

const producerOf = (node: Node): Node => (node.op === pickOp ? node.inputs[0]! : node);

export function passesOf(round: Round): Passes {
  const { y, nodes, gradientNodes, gradient, leaves } = round;
  const x = producer(round.x);
  const forwardNodes = new Set([x, ...nodes].map(producer));
  const kept = new Map<Node, Kept>([[x, { slot: 0 }]]);
  let keptSlots = 1;
  for (const node of gradientNodes)
    for (const input of node.inputs.map(producer))
      if (forwardNodes.has(input) && !kept.has(input)) kept.set(input, input === producer(y) ? "next" : { slot: keptSlots++ });

  const stored = new Map<Node, number>();
  const along = new Map<Node, number>();
  let storedSlots = 0;
  const slotIn = (map: Map<Node, number>, node: Node): number => {
    const known = map.get(node);
    if (known !== undefined) return known;
    map.set(node, storedSlots);
    return storedSlots++;
  };
  const matrices: RowSums["matrices"][number][] = [];
  const vectors: RowSums["vectors"][number][] = [];
  gradient.parameters.forEach((node, index) => {
    if (!node) return;
    const { offset } = leaves.parameters[index]!;
    const made = producerOf(node);
    const output = node.op === pickOp ? node.attributes.index : 0;
    const dy = producer(made.inputs[0]!);
    if (made.op === linearWeightGradientOp && output === 0)
      matrices.push({ dz: slotIn(stored, dy), x: kept.get(producer(made.inputs[1]!))!, offset });
    else if (made.op === rowNormGradientOp && output === 1) vectors.push({ slot: slotIn(along, made), offset });
    else vectors.push({ slot: slotIn(stored, dy), offset });
  });
  return {
    forward: passOf(x, nodes, producer(y), () => false),
    backward: passOf(gradient.dy, gradientNodes, producer(gradient.dx), (node) => forwardNodes.has(node)),
    kept,
    keptSlots,
    norms: nodes.filter((node) => node.op === rowNormOp),
    stored,
    along,
    storedSlots,
    sums: { matrices, vectors },
  };
}

/** `elsewhere`: whether a value lies in memory already. */
function passOf(begin: Node, nodes: readonly Node[], end: Node, elsewhere: (node: Node) => boolean): Pass {
  const phases: { anchor: Node; members: Node[] }[] = [{ anchor: begin, members: [] }];
  const phaseOf = new Map<Node, number>([[begin, 0]]);
  const lastUse = new Map<Node, number>([[end, Number.POSITIVE_INFINITY]]);
  const use = (input: Node, phase: number): void => {
    const node = producer(input);
    if (phaseOf.has(node)) lastUse.set(node, Math.max(lastUse.get(node) ?? 0, phase));
  };
  for (const node of nodes) {
    if (isAnchor(node)) {
      phaseOf.set(node, phases.push({ anchor: node, members: [] }) - 1);
      use(node.inputs[0]!, phases.length - 1);
    } else if (isElementwise(node)) {
      const phase = node.inputs.reduce((latest, input) => Math.max(latest, phaseOf.get(producer(input)) ?? 0), 0);
      phases[phase]!.members.push(node);
      phaseOf.set(node, phase);
      for (const input of node.inputs) if (!elsewhere(producer(input))) use(input, phase);
    }
  }
  // A tile is free again after the last phase that reads it: invocations read what others wrote, so none is written over in that phase.
  const tileOf = new Map<Node, number>();
  let tiles = 0;
  for (const [phase, { anchor, members }] of phases.entries())
    for (const node of [anchor, ...members]) {
      if ((lastUse.get(node) ?? 0) <= phase && node !== begin) continue;
      const taken = new Set([...tileOf].filter(([other]) => (lastUse.get(other) ?? 0) >= phase).map(([, tile]) => tile));
      let tile = 0;
      while (taken.has(tile)) tile++;
      tileOf.set(node, tile);
      tiles = Math.max(tiles, tile + 1);
    }
  return { phases, tileOf, tiles, end };
}
