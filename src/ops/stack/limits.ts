/** How many rounds of a stack one dispatch may take: what it keeps must be bound, and an invocation's loops end (lanes.ts). */
import type { Target } from "../../graph/op.ts";
import { MOST_ROUNDS } from "../lanes.ts";
import { rowNormGradientOp, rowNormOp } from "../rowNorm.ts";
import { type Geometry, geometryOf } from "./geometry.ts";
import type { Pass, Phase } from "./passes.ts";
import { keptSize, passes, type StackAttributes, storedSize } from "./plan.ts";
import type { Round } from "./round.ts";

/** WebGPU's baseline of a binding, in bytes. */
const BINDING_BYTES = 2 ** 27;
/** Rounds of Philox's loop, and its end. */
const DRAW = 11;

/** Rounds of a loop whose body goes `body` rounds. */
const loop = (times: number, body = 0): number => times * (1 + body) + 1;

/** Layers of one dispatch; at least 1. */
export function mostLayers({ round, stride }: Pick<StackAttributes, "round" | "stride">, target: Target): number {
  const attributes = (layers: number): StackAttributes => ({ round, stride, layers, keeps: true, checks: false, firstUser: 0 });
  const most = BINDING_BYTES / 4;
  const slot = keptSize(attributes(0));
  const bound = Math.min((most - slot) / (keptSize(attributes(1)) - slot), most / storedSize(attributes(1)), most / stride);
  const { forward, backward } = passes(round);
  const walked = target.adapterClass === "software" ? [forward, backward].map((pass) => layersWithin(round, pass, target)) : [];
  return Math.max(1, Math.floor(Math.min(bound, ...walked)));
}

function layersWithin(round: Round, pass: Pass, target: Target): number {
  const geometry = geometryOf(round.width, round.rows, pass.tiles, target);
  if (!geometry) return 1;
  const shares = sharesOf(round, geometry);
  // The tile is loaded before the first layer and stored after the last, there feature by feature.
  const ends = 2 * loop(shares.elements, loop(4));
  return (MOST_ROUNDS - ends) / roundsOf(pass, shares);
}

/** How often an invocation goes through the loops of a phase. */
interface Shares {
  readonly columns: number;
  /** Fours of the tile. */
  readonly elements: number;
  readonly rows: number;
  readonly spans: number;
  readonly pieces: number;
}

function sharesOf({ width }: Round, { strips, tileRows, laneColumns, pieceColumns }: Geometry): Shares {
  const columns = Math.ceil(width / 4);
  const size = laneColumns * (tileRows / (4 * strips));
  return {
    columns,
    elements: Math.ceil((tileRows * columns) / size),
    rows: Math.ceil(tileRows / size),
    spans: Math.ceil(columns / (laneColumns * pieceColumns)),
    pieces: 4 * strips * pieceColumns,
  };
}

/** Rounds that an invocation goes for a layer: those of text.ts, stack.wgsl and stack_norm.wgsl, and the layer's own. */
function roundsOf({ phases }: Pass, shares: Shares): number {
  return phases.reduce((sum, phase, index) => sum + phaseRounds(phase, index, shares), 1);
}

function phaseRounds({ anchor, members }: Phase, index: number, { columns, elements, rows, spans, pieces }: Shares): number {
  const draws = DRAW * members.filter(({ op }) => op.form.kind === "elementwise" && op.form.usesIndex).length;
  if (index === 0) return loop(elements, draws);
  if (anchor.op === rowNormOp) return loop(rows, 2 * loop(columns) + loop(columns, draws));
  if (anchor.op === rowNormGradientOp) return loop(rows, loop(columns) + loop(columns, draws));
  return loop(spans, loop(columns) + loop(pieces, draws));
}
