/** How a stack is dispatched: its rounds in one, its chain of gradients in one, and the gradients of all its parameters in one. */
import grid from "../../../shaders/lib/grid.wgsl?raw";
import stackNorm from "../../../shaders/lib/stack_norm.wgsl?raw";
import strips from "../../../shaders/lib/strips.wgsl?raw";
import stackText from "../../../shaders/stack.wgsl?raw";
import stackWeightsText from "../../../shaders/stack_weights.wgsl?raw";
import { FathomError } from "../../core/errors.ts";
import type { Binding, Define, KernelCall, KernelPlan, Shader, Target } from "../../graph/op.ts";
import { type Geometry, geometryOf } from "./geometry.ts";
import { type Pass, type Passes, passesOf, type RowSums } from "./passes.ts";
import type { Round } from "./round.ts";
import { backwardText, forwardText, type PassText } from "./text.ts";

// An `enable` must come first, also before the library.
export const stackShader: Shader = { name: "stack", text: stackText + grid + stackNorm };
export const stackWeightsShader: Shader = { name: "stack_weights", text: stackWeightsText + grid + strips };

export interface StackAttributes {
  readonly round: Round;
  readonly layers: number;
  /** Elements from one round's parameters to the next's. */
  readonly stride: number;
  /** Whether what a gradient needs is kept, as output 1. */
  readonly keeps: boolean;
  /** Whether non-finite values raise flags. */
  readonly checks: boolean;
  /** Number of the first round's first use of randomness. */
  readonly firstUser: number;
}

const known = new WeakMap<Round, Passes>();

/** The passes of a round, found once. */
export function passes(round: Round): Passes {
  let found = known.get(round);
  if (!found) {
    found = passesOf(round);
    known.set(round, found);
  }
  return found;
}

const columnsOf = (round: Round): number => Math.ceil(round.width / 4);

/** Slots of a stack, the last of which is its y. */
export const keptSlotCount = ({ round, layers }: StackAttributes): number => layers * passes(round).keptSlots + 1;

/** Elements of what the forward pass keeps: slots of rows in whole fours, and four numbers for each norm of a row. */
export function keptSize(attributes: StackAttributes): number {
  const { round, layers } = attributes;
  return 4 * round.rows * (keptSlotCount(attributes) * columnsOf(round) + layers * passes(round).norms.length);
}

/** Elements of what the chain of gradients leaves for those of the parameters. */
export const storedSize = ({ round, layers }: StackAttributes): number =>
  4 * Math.max(1, layers * passes(round).storedSlots) * round.rows * columnsOf(round);

export function forwardPlan(attributes: StackAttributes, target: Target): KernelPlan {
  const { round, keeps, checks } = attributes;
  const found = passes(round);
  const text = forwardText(round, found, { keeps, checks });
  const bindings: Binding[] = [{ input: 0 }, { input: 1 }, { output: 0 }];
  return { calls: [walk(attributes, found, found.forward, text, bindings, keeps ? [{ output: 1 }] : [], target)] };
}

/** Outputs dx, and with `parameters` their gradients. */
export function gradientPlan(attributes: StackAttributes, parameters: boolean, target: Target): KernelPlan {
  const { round, layers } = attributes;
  const found = passes(round);
  const bindings: Binding[] = [{ input: 0 }, { input: 1 }, { output: 0 }, { input: 2 }];
  const chain = walk(
    { ...attributes, checks: false },
    found,
    found.backward,
    backwardText(round, found),
    bindings,
    [{ temporary: 0 }],
    target,
  );
  const temporaries = [storedSize(attributes)];
  if (!parameters) return { calls: [chain], temporaries };
  const { matrices, vectors } = found.sums;
  const columns = columnsOf(round);
  const quads = target.adapterClass === "software" && target.subgroups;
  const size = target.adapterClass === "software" ? 8 : 64;
  const tiles = quads ? Math.ceil(columns / 4) * Math.ceil(columns / 8) * 4 : Math.ceil(columns / 2) ** 2;
  const groups = Math.ceil((matrices.length * tiles) / size) + Math.ceil((vectors.length * columns) / size);
  const weights: KernelCall = {
    shader: stackWeightsShader,
    defines: {
      WIDTH: round.width,
      STORED_SLOTS: found.storedSlots,
      KEPT_SLOTS: found.keptSlots,
      MATRICES: matrices.length,
      VECTORS: vectors.length,
      SIZE: size,
      VECTOR: round.width % 4 === 0,
      QUADS: quads,
      ROW_SUM: false,
      TALL: quads,
      TABLES: tablesText(found.sums, found.keptSlots),
    },
    overrides: { LAYERS: layers, ROWS: round.rows, STRIDE: attributes.stride },
    workgroups: groups * layers,
    bindings: [{ temporary: 0, access: "read" }, { input: 2 }, { output: 1 }],
  };
  return { calls: [chain, weights], temporaries };
}

/** The next round's x is its slot 0. */
function tablesText({ matrices, vectors }: RowSums, keptSlots: number): string {
  const choose = (name: string, type: string, rows: readonly string[]): string => {
    const cases = rows.map((row, index) =>
      index === 0 ? `    default: { return ${type}(${row}); }` : `    case ${index}u: { return ${type}(${row}); }`,
    );
    const none = `    default: { return ${type}(); }`;
    return `fn ${name}(index: u32) -> ${type} {\n  switch (index) {\n${(cases.length > 0 ? cases : [none]).join("\n")}\n  }\n}`;
  };
  const slots = matrices.map(({ dz, x, offset }) => `${dz}u, ${x === "next" ? keptSlots : x.slot}u, ${offset}u`);
  return [
    choose("matrix", "vec3u", slots),
    choose(
      "vector",
      "vec2u",
      vectors.map(({ slot, offset }) => `${slot}u, ${offset}u`),
    ),
  ].join("\n");
}

function walk(
  attributes: StackAttributes,
  { norms }: Passes,
  pass: Pass,
  { text, usesWords }: PassText,
  bound: readonly Binding[],
  kept: readonly Binding[],
  target: Target,
): KernelCall {
  const { round, layers, stride, checks, firstUser } = attributes;
  const backward = bound.length > 3;
  const geometry = geometryFor(round, pass, target);
  const bindings: Binding[] = [...bound, ...kept];
  const keptBinding = bound.length;
  const wordsBinding = bindings.length;
  if (usesWords) bindings.push({ input: backward ? 3 : 2 });
  const flagsBinding = bindings.length;
  const { checkedPerRound } = round.leaves;
  if (checks) bindings.push({ flags: layers * checkedPerRound });
  const defines: Record<string, Define> = {
    BACKWARD: backward,
    KEEPS: kept.length > 0,
    WORDS: usesWords,
    CHECKS: checks,
    NORMS: norms.length > 0,
    VECTOR: round.width % 4 === 0,
    WIDTH: round.width,
    TILES: pass.tiles,
    ...geometryDefines(geometry),
    KEPT_BINDING: keptBinding,
    WORDS_BINDING: wordsBinding,
    FLAGS_BINDING: flagsBinding,
    CHECKED: checkedPerRound,
    BODY: text,
  };
  return {
    shader: stackShader,
    defines,
    overrides: {
      LAYERS: layers,
      ROWS: round.rows,
      STRIDE: stride,
      FIRST_USER: firstUser,
      LINES: keptSlotCount(attributes) * round.rows * columnsOf(round),
    },
    workgroups: Math.ceil(round.rows / geometry.tileRows),
    bindings,
  };
}

function geometryDefines({ strips, tileRows, laneColumns, pieceColumns, quads }: Geometry): Record<string, Define> {
  return {
    STRIPS: strips,
    STRIPS_2: strips >= 2,
    STRIPS_4: strips === 4,
    TILE_ROWS: tileRows,
    LANE_COLUMNS: laneColumns,
    WIDE: pieceColumns === 2,
    QUADS: quads,
  };
}

function geometryFor(round: Round, pass: Pass, target: Target): Geometry {
  const geometry = geometryOf(round.width, round.rows, pass.tiles, target);
  if (!geometry)
    throw new FathomError("internal", `a stack of ${round.width} features with ${pass.tiles} tiles does not fit into workgroup memory`);
  return geometry;
}
