/** Which items become one dispatch: elementwise work joins the kernel that made its input, or other elementwise work of its size. */
import { type Shape, sizeOf } from "../core/shape.ts";
import { type Item, type Reference, isLeaf, isWhole } from "./items.ts";

/** One dispatch to be: a kernel and the elementwise items that run as its epilogue, or elementwise items alone. */
export interface Unit {
  readonly anchor: Item | null;
  readonly members: Item[];
  readonly size: number;
  readonly shape: Shape;
  /** Longer than the rank of every unit it reads: a unit never depends on one of equal or higher rank. */
  readonly rank: number;
}

/** Longer chains are cut: a shader's compile time grows with its length. */
const MOST_MEMBERS = 48;

export interface Fused {
  readonly units: readonly Unit[];
  readonly unitOf: ReadonlyMap<Item, Unit>;
}

/** `apart` names items that must begin a unit of their own, because a first attempt needed too many bindings. */
export function fuse(items: readonly Item[], apart: ReadonlySet<number> = new Set()): Fused {
  const unitOf = new Map<Item, Unit>();
  const packRank = new Map<Item, number>();
  const units = new Set<Unit>();

  const rankOf = (item: Item): number => unitOf.get(item)?.rank ?? packRank.get(item) ?? 0;
  const above = (inputs: readonly Reference[]): number => inputs.reduce((rank, input) => Math.max(rank, rankOf(input.item)), 0);

  /** The unit whose element `i` is at hand where element `i` of the input is wanted. */
  const joinable = (item: Item, input: Reference): Unit | null => {
    const unit = unitOf.get(input.item);
    if (!unit || !isWhole(input) || unit.size !== sizeOf(item.outputs[0]!.shape) || unit.members.length >= MOST_MEMBERS) return null;
    if (input.item !== unit.anchor) return unit;
    const { form } = unit.anchor.op;
    return form.kind === "kernel" && form.fusesEpilogue && input.output === 0 ? unit : null;
  };

  const start = (item: Item, anchor: boolean): void => {
    const { shape } = item.outputs[0]!;
    const unit: Unit = { anchor: anchor ? item : null, members: anchor ? [] : [item], size: sizeOf(shape), shape, rank: above(item.inputs) + 1 };
    units.add(unit);
    unitOf.set(item, unit);
  };

  const join = (item: Item): boolean => {
    if (apart.has(item.index)) return false;
    const candidates = item.inputs.map((input) => joinable(item, input));
    const best = candidates.reduce((one, other) => (other && (!one || other.rank > one.rank) ? other : one), null);
    if (!best) return false;
    const merging = new Set<Unit>();
    for (const [position, input] of item.inputs.entries()) {
      const unit = unitOf.get(input.item);
      if (unit === best && candidates[position] === best) continue;
      if (rankOf(input.item) < best.rank) continue;
      const free = unit && candidates[position] === unit && !unit.anchor && !best.anchor && unit.rank === best.rank;
      if (!free) return false;
      merging.add(unit);
    }
    for (const unit of merging) {
      if (best.members.length + unit.members.length >= MOST_MEMBERS) return false;
      for (const member of unit.members) unitOf.set(member, best);
      best.members.push(...unit.members);
      units.delete(unit);
    }
    best.members.sort((a, b) => a.index - b.index);
    best.members.push(item);
    unitOf.set(item, best);
    return true;
  };

  for (const item of items) {
    const { kind } = item.op.form;
    if (kind === "pack") packRank.set(item, above(item.inputs));
    else if (kind === "kernel") start(item, true);
    else if (!isLeaf(item) && !join(item)) start(item, false);
  }
  return { units: [...units], unitOf };
}
