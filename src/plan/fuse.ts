/** Which items become one dispatch: elementwise work joins the kernel that made its input, or other elementwise work of its size. */
import { type Shape, sizeOf } from "../core/shape.ts";
import { type Item, isLeaf, isWhole, type Reference } from "./items.ts";

/** One dispatch to be: a kernel and the elementwise items that run as its epilogue, or elementwise items alone. */
export interface Unit {
  readonly anchor: Item | null;
  readonly members: Item[];
  readonly size: number;
  readonly shape: Shape;
  /** Above the rank of every unit it reads: a unit never depends on one of equal or higher rank. */
  readonly rank: number;
}

/** Longer chains are cut: a shader's compile time grows with its length. */
const MOST_MEMBERS = 48;

export interface Fused {
  readonly units: readonly Unit[];
  readonly unitOf: ReadonlyMap<Item, Unit>;
}

const isElementwise = (item: Item): boolean => item.op.form.kind === "elementwise";

/** Items whose one reader is elementwise and reads them whole: they may wait, and run where their reader does. */
function waiting(items: readonly Item[]): Set<Item> {
  const readers = new Map<Item, Reference[]>();
  const reader = new Map<Item, Item>();
  for (const item of items)
    for (const input of item.inputs) {
      readers.set(input.item, [...(readers.get(input.item) ?? []), input]);
      reader.set(input.item, item);
    }
  const found = new Set<Item>();
  for (const item of items) {
    const [only, more] = readers.get(item) ?? [];
    if (!only || more || !isElementwise(item) || item.destinations.size > 0 || !isWhole(only)) continue;
    const next = reader.get(item)!;
    if (isElementwise(next) && sizeOf(next.outputs[0]!.shape) === sizeOf(item.outputs[0]!.shape)) found.add(item);
  }
  return found;
}

/** `apart` names items that must begin a unit of their own, because a first attempt needed too many bindings. */
export function fuse(items: readonly Item[], apart: ReadonlySet<number> = new Set()): Fused {
  return new Fuser(items, apart).run();
}

class Fuser {
  private readonly unitOf = new Map<Item, Unit>();
  private readonly packRank = new Map<Item, number>();
  private readonly units = new Set<Unit>();
  /** What waits with an item, itself last; all of it will run where its reader does. */
  private readonly held = new Map<Item, readonly Item[]>();
  private readonly items: readonly Item[];
  private readonly apart: ReadonlySet<number>;

  constructor(items: readonly Item[], apart: ReadonlySet<number>) {
    this.items = items;
    this.apart = apart;
  }

  run(): Fused {
    const mayWait = waiting(this.items);
    for (const item of this.items) {
      const { kind } = item.op.form;
      if (kind === "pack") this.packRank.set(item, this.above(item.inputs));
      else if (kind === "kernel") this.start(item, true);
      else if (!isLeaf(item)) {
        const before = item.inputs.flatMap((input) => this.held.get(input.item) ?? []);
        if (mayWait.has(item) && !this.apart.has(item.index) && before.length < MOST_MEMBERS / 2) this.held.set(item, [...before, item]);
        else this.settle(item, [...new Set(before)]);
      }
    }
    return { units: [...this.units], unitOf: this.unitOf };
  }

  private rankOf(item: Item): number {
    return this.unitOf.get(item)?.rank ?? this.packRank.get(item) ?? 0;
  }

  private above(inputs: readonly Reference[]): number {
    return inputs.reduce((rank, input) => Math.max(rank, this.rankOf(input.item)), 0);
  }

  private start(item: Item, anchor: boolean): void {
    const { shape } = item.outputs[0]!;
    const unit: Unit = {
      anchor: anchor ? item : null,
      members: anchor ? [] : [item],
      size: sizeOf(shape),
      shape,
      rank: this.above(item.inputs) + 1,
    };
    this.units.add(unit);
    this.unitOf.set(item, unit);
  }

  /** The unit in which element `i` of the input is at hand where element `i` of the item is computed. */
  private joinable(item: Item, input: Reference): Unit | null {
    const unit = this.unitOf.get(input.item);
    if (!unit || !isWhole(input) || unit.size !== sizeOf(item.outputs[0]!.shape) || unit.members.length >= MOST_MEMBERS) return null;
    if (input.item !== unit.anchor) return unit;
    const { op, kernel } = unit.anchor;
    const handsOver = op.form.kind === "kernel" && op.form.fusesEpilogue && kernel?.calls.at(-1)?.epilogue !== undefined;
    return handsOver && input.output === 0 ? unit : null;
  }

  /** The latest unit that one of the items could join. */
  private best(items: readonly Item[]): Unit | null {
    return items
      .flatMap((item) => item.inputs.map((input) => this.joinable(item, input)))
      .reduce((one, other) => (other && (!one || other.rank > one.rank) ? other : one), null);
  }

  /** Places an item and what waited for it: all in the unit of their latest input if that is later than what else they read; else each by itself. */
  private settle(item: Item, before: readonly Item[]): void {
    const all = [...before, item];
    const target = this.best(all);
    const together =
      before.length > 0 && target !== null && !this.apart.has(item.index) && target.members.length + all.length <= MOST_MEMBERS;
    if (together && all.every((one) => this.fits(one, target, all))) {
      for (const one of all) this.add(one, target);
      return;
    }
    for (const one of all) if (!this.join(one)) this.start(one, false);
  }

  private fits(item: Item, unit: Unit, others: readonly Item[]): boolean {
    return item.inputs.every(
      (input) => others.includes(input.item) || this.rankOf(input.item) < unit.rank || this.joinable(item, input) === unit,
    );
  }

  private add(item: Item, unit: Unit): void {
    unit.members.push(item);
    this.unitOf.set(item, unit);
  }

  /** Merged again, it would need to be split again. */
  private isApart({ members }: Unit): boolean {
    return members.some((member) => this.apart.has(member.index));
  }

  private join(item: Item): boolean {
    const best = this.apart.has(item.index) ? null : this.best([item]);
    if (!best) return false;
    const merging = new Set<Unit>();
    for (const input of item.inputs) {
      if (this.rankOf(input.item) < best.rank || this.joinable(item, input) === best) continue;
      const unit = this.joinable(item, input);
      if (!unit || unit.anchor || best.anchor || unit.rank !== best.rank || this.isApart(unit) || this.isApart(best)) return false;
      merging.add(unit);
    }
    for (const unit of merging) {
      if (best.members.length + unit.members.length >= MOST_MEMBERS) return false;
      for (const member of unit.members) this.unitOf.set(member, best);
      best.members.push(...unit.members);
      this.units.delete(unit);
    }
    best.members.sort((a, b) => a.index - b.index);
    this.add(item, best);
    return true;
  }
}
