/** Depth fusion: a `repeat` whose rounds are equal and row-wise becomes a stack, whose dispatches do not depend on its depth. */
import { backward } from "../autodiff/backward.ts";
import { makeNode, type Node, topologicalOrder } from "../graph/node.ts";
import type { NamedParameter } from "../nn/collect.ts";
import type { Module } from "../nn/module.ts";
import { input, pick } from "../ops/define.ts";
import { geometryOf, MOST_ROWS, MOST_WIDTH } from "../ops/stack/geometry.ts";
import { mostLayers } from "../ops/stack/limits.ts";
import { unsuited } from "../ops/stack/passes.ts";
import { passes, type StackAttributes } from "../ops/stack/plan.ts";
import { Round, type RoundLeaves, signature } from "../ops/stack/round.ts";
import { stackOp } from "../ops/stack/stack.ts";
import type { Segment } from "./arena.ts";
import { layersPerDispatch, wins } from "./depthChoice.ts";
import type { Runtime, StateBuffer } from "./runtime.ts";

export interface FusionRequest {
  readonly mode: "auto" | "always";
  readonly adapterClass: Runtime["adapter"]["class"];
  /** Whether no gradient is asked of a segment of the arena. */
  readonly frozen: (segment: number) => boolean;
  /** Stacks that a checkpoint says were made of a repeat, by its path: "auto" follows it, or what is resumed would differ in its last bits. */
  readonly recorded?: Readonly<Record<string, number>> | null;
  /** Whether numbers that are not finite are looked for; true, if left out. */
  readonly checks?: boolean;
  /** Layers of a dispatch; the estimate's, if left out. */
  readonly layersPerDispatch?: number;
}

/** A place between two rounds: the node that is handed on, and how many layers and uses of randomness were numbered before it. */
export interface Mark {
  readonly node: Node;
  readonly layers: number;
  readonly users: number;
}

/** A repeat as it was traced in ops of its own, and what its nodes are. */
export interface TracedRepeat {
  readonly path: string;
  readonly module: Module;
  /** Before the first round, and after each. */
  readonly marks: readonly Mark[];
  readonly training: boolean;
  readonly parameters: readonly Pick<NamedParameter, "module" | "aliases">[];
  readonly segments: readonly Segment[];
  readonly parameterNodes: readonly Node[];
  readonly state: StateBuffer;
  readonly words: Node;
  readonly wordNodes: ReadonlyMap<Node, number>;
  readonly userNodes: ReadonlyMap<Node, number>;
  readonly layers: ReadonlyMap<Node, number>;
}

/** A block of parameters that a stack reads as one, and of which there is one gradient. */
export interface Block {
  readonly node: Node;
  readonly offset: number;
  readonly firstSegment: number;
  readonly segments: number;
}

export interface FusedRepeat {
  readonly y: Node;
  /** One for each dispatch, with the number of its first checked layer. */
  readonly stacks: readonly { readonly node: Node; readonly layer: number }[];
  readonly blocks: readonly Block[];
}

/** The repeat as stacks, or in words why not. */
export function fuseRepeat(request: FusionRequest, traced: TracedRepeat): FusedRepeat | string {
  const { marks, path } = traced;
  const recorded = request.mode === "auto" ? request.recorded?.[path] : undefined;
  if (recorded === 0) return "the checkpoint was made without";
  const first = marks[0]!.node;
  const times = marks.length - 1;
  const [rows, width] = first.shape;
  if (first.shape.length !== 2 || rows === undefined || width === undefined)
    return `its input is of rank ${first.shape.length}, not rows of features`;
  if (width > MOST_WIDTH || width < 1) return `it is ${width} wide; a stack takes up to ${MOST_WIDTH}`;
  if (rows > MOST_ROWS) return `its batch has ${rows} rows; a stack takes up to ${MOST_ROWS}`;
  const place = placeOf(traced);
  if (typeof place === "string") return place;
  const frozen = Array.from({ length: place.segments }, (_, index) => request.frozen(place.first + index));
  if (frozen.some((one) => one !== frozen[0])) return "some of its parameters are frozen, and others are not";

  const leaves = leavesOf(traced, place, 0);
  const [from, to] = [marks[0]!.node, marks[1]!.node];
  const text = signature(from, to, leaves);
  for (let round = 1; round < times; round++)
    if (signature(marks[round]!.node, marks[round + 1]!.node, leavesOf(traced, place, round)) !== text)
      return `round ${round} differs from round 0`;
  const dy = input(to.shape, "f32");
  const [dx, ...gradients] = backward([{ node: to, gradient: dy }], [from, ...leaves.parameters.map(({ node }) => node)]);
  if (!dx) return "no gradient goes through its rounds";
  const round = new Round(from, to, leaves, { dy, dx, parameters: gradients });
  const reason = unsuited(round);
  if (reason) return reason;
  const { forward, backward: chain } = passes(round);
  const tiles = Math.max(forward.tiles, chain.tiles);
  if (!geometryOf(width, rows, tiles, { adapterClass: request.adapterClass, subgroups: false }))
    return `${tiles} values of ${width} features do not fit into workgroup memory`;
  const products = round.nodes.filter(({ op }) => op.name === "linear").length;
  const size = { adapterClass: request.adapterClass, width, rows, layers: times * products };
  if (request.mode === "auto" && recorded === undefined && !wins(size))
    return `the table of depthChoice.ts does not say that it wins at ${times} rounds of ${width} and ${rows} rows`;
  const inTime = request.layersPerDispatch ?? Math.max(1, Math.floor(layersPerDispatch(size) / products));
  // Subgroups change how rows are shared; lavapipe, whose loops end, offers none in a browser.
  const most = Math.min(inTime, mostLayers({ round, stride: place.stride }, { adapterClass: request.adapterClass, subgroups: false }));
  return build(traced, request.checks ?? true, place, round, Math.max(recorded ?? 0, Math.ceil(times / most)));
}

/** Where the parameters of a repeat lie; elements and segments of the arena. */
interface Place {
  readonly base: number;
  readonly stride: number;
  readonly first: number;
  readonly segments: number;
  /** Segments of each round, from `first` on. */
  readonly perRound: number;
}

/** Every round's parameters follow those of the round before, at equal distances, and belong to nothing else. */
function placeOf({ module, parameters, segments }: TracedRepeat): Place | string {
  const byModule = new Map<Module, number[]>();
  for (const [index, { module: own }] of parameters.entries()) byModule.set(own, [...(byModule.get(own) ?? []), index]);
  const rounds = module.children.map(({ module: round }) => modulesOf(round).flatMap((own) => byModule.get(own) ?? []));
  const perRound = rounds[0]?.length ?? 0;
  if (perRound === 0) return "its rounds have no parameters";
  const all = rounds.flat().sort((a, b) => a - b);
  const first = all[0]!;
  if (all.some((index, at) => index !== first + at)) return "its parameters do not lie one after another";
  if (all.some((index) => parameters[index]!.aliases.length > 0)) return "some of its parameters are shared with other layers";
  const base = segments[first]!.offset;
  const size = segments.slice(first, first + perRound).reduce((end, { offset, size: own }) => Math.max(end, offset + own), 0) - base;
  const next = segments[first + perRound];
  const stride = rounds.length > 1 ? next!.offset - base : Math.ceil(size / 64) * 64;
  for (let round = 0; round < rounds.length; round++)
    if (segments[first + round * perRound]!.offset !== base + round * stride)
      return `round ${round} differs from round 0 in its parameters`;
  return { base, stride, first, segments: all.length, perRound };
}

/** A module and all in it. */
function modulesOf(module: Module): Module[] {
  const found = [module];
  for (let at = 0; at < found.length; at++) found.push(...found[at]!.children.map((child) => child.module));
  return found;
}

function leavesOf(
  { marks, segments, parameterNodes, wordNodes, userNodes, layers }: TracedRepeat,
  place: Place,
  round: number,
): RoundLeaves {
  const [begin, end] = [marks[round]!, marks[round + 1]!];
  const start = place.first + round * place.perRound;
  const parameters = Array.from({ length: place.perRound }, (_, own) => ({
    node: parameterNodes[start + own]!,
    offset: segments[start + own]!.offset - place.base - round * place.stride,
  }));
  const words = new Map<Node, number>();
  const users = new Map<Node, number>();
  const checked = new Map<Node, number>();
  const nodes = topologicalOrder([end.node], (node) => node === begin.node || wordNodes.has(node));
  for (const node of nodes) {
    const word = wordNodes.get(node);
    const user = userNodes.get(node);
    const layer = layers.get(node);
    if (word !== undefined) words.set(node, word);
    if (user !== undefined) users.set(node, user - begin.users);
    if (layer !== undefined && node !== begin.node) checked.set(node, layer - begin.layers);
  }
  return {
    parameters,
    words,
    users,
    checked,
    usersPerRound: end.users - begin.users,
    checkedPerRound: end.layers - begin.layers,
  };
}

/** The rounds in `parts` stacks, as equal as may be. */
function build(
  traced: TracedRepeat,
  isChecked: boolean,
  { base, stride, first, perRound }: Place,
  round: Round,
  parts: number,
): FusedRepeat {
  const { marks, training, state, words } = traced;
  const times = marks.length - 1;
  const stacks: FusedRepeat["stacks"][number][] = [];
  const blocks: Block[] = [];
  let y = marks[0]!.node;
  for (let part = 0; part < parts; part++) {
    const begin = Math.floor((part * times) / parts);
    const layers = Math.floor(((part + 1) * times) / parts) - begin;
    const offset = base + begin * stride;
    const block = state.node({ offset, shape: [layers * stride] });
    const attributes: StackAttributes = {
      round,
      layers,
      stride,
      keeps: training,
      checks: isChecked && training && round.leaves.checkedPerRound > 0,
      firstUser: marks[begin]!.users,
    };
    const node = makeNode(stackOp, [y, block, ...(round.leaves.words.size > 0 ? [words] : [])], attributes);
    stacks.push({ node, layer: marks[begin]!.layers });
    blocks.push({ node: block, offset, firstSegment: first + begin * perRound, segments: layers * perRound });
    y = pick(node, 0);
  }
  return { y, stacks, blocks };
}
