/** The order of dispatches: oldest work first, as soon as what it reads is there; a state is overwritten only after its last reader. */
import { FathomError } from "../core/errors.ts";
import { stateOp } from "../ops/define.ts";
import type { Fused, Unit } from "./fuse.ts";
import { type Item, outputKey, overwritten, type Reference } from "./items.ts";

/** Everything that a unit reads from outside itself. */
export function readsOf(unit: Unit): Reference[] {
  const own = new Set<Item>(unit.members);
  if (unit.anchor) own.add(unit.anchor);
  return [...(unit.anchor?.inputs ?? []), ...unit.members.flatMap((member) => member.inputs)].filter((input) => !own.has(input.item));
}

export const itemsOf = (unit: Unit): readonly Item[] => (unit.anchor ? [unit.anchor, ...unit.members] : unit.members);

/** Units that must run before: the producers of what is read, through packs. */
function producers(fused: Fused, { item }: Reference): Unit[] {
  const unit = fused.unitOf.get(item);
  if (unit) return [unit];
  return item.op.form.kind === "pack" ? item.inputs.flatMap((input) => producers(fused, input)) : [];
}

/** An output that lies in a state. */
interface Writer {
  readonly unit: Unit;
  readonly item: Item;
  readonly output: number;
}

/** The writers of a state in order: each but the first writes over what the one before it left. */
function writersInOrder(state: string, writers: readonly Writer[]): Writer[] {
  const followers = new Map(
    writers.map((writer) => {
      const source = overwritten(writer);
      return [source && source.item.op !== stateOp ? outputKey(source) : "", writer];
    }),
  );
  const order: Writer[] = [];
  for (let next = followers.get(""); next; next = followers.get(outputKey(next))) order.push(next);
  if (order.length !== writers.length) throw new FathomError("internal", `state ${state} is assigned ${writers.length} times in one plan`);
  return order;
}

export function schedule(fused: Fused): Unit[] {
  const before = new Map<Unit, Set<Unit>>(fused.units.map((unit) => [unit, new Set()]));
  const after = new Map<Unit, Set<Unit>>(fused.units.map((unit) => [unit, new Set()]));
  const edge = (first: Unit, then: Unit): void => {
    if (first === then) return;
    before.get(then)!.add(first);
    after.get(first)!.add(then);
  };
  const readers = new Map<string, Set<Unit>>();
  const writers = new Map<string, Writer[]>();
  const consumers = new Map<string, Set<Unit>>();
  for (const unit of fused.units) {
    for (const read of readsOf(unit)) {
      for (const producer of producers(fused, read)) edge(producer, unit);
      consumers.set(outputKey(read), (consumers.get(outputKey(read)) ?? new Set()).add(unit));
      if (read.item.op === stateOp) {
        const { state } = read.item.attributes;
        readers.set(state, (readers.get(state) ?? new Set()).add(unit));
      }
    }
    for (const item of itemsOf(unit))
      for (const [output, destination] of item.destinations)
        if (destination.kind === "state") writers.set(destination.name, [...(writers.get(destination.name) ?? []), { unit, item, output }]);
  }
  for (const [state, list] of writers) {
    const order = writersInOrder(state, list);
    for (const reader of readers.get(state) ?? []) edge(reader, order[0]!.unit);
    for (const [index, { unit }] of order.entries())
      if (index > 0) for (const reader of consumers.get(outputKey(order[index - 1]!)) ?? []) edge(reader, unit);
  }

  const serial = (unit: Unit): number => (unit.anchor ?? unit.members[0]!).index;
  const ready = new Heap<Unit>(serial);
  const waiting = new Map<Unit, number>();
  for (const [unit, needed] of before) {
    waiting.set(unit, needed.size);
    if (needed.size === 0) ready.push(unit);
  }
  const order: Unit[] = [];
  for (let unit = ready.pop(); unit; unit = ready.pop()) {
    order.push(unit);
    for (const next of after.get(unit)!) {
      const left = waiting.get(next)! - 1;
      waiting.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  if (order.length !== fused.units.length)
    throw new FathomError("internal", "the plan has a cycle: a state is overwritten before something that its new value needs has read it");
  return order;
}

/** A binary heap, smallest key first. */
class Heap<T> {
  private readonly list: T[] = [];
  private readonly key: (value: T) => number;

  constructor(key: (value: T) => number) {
    this.key = key;
  }

  push(value: T): void {
    const { list, key } = this;
    let at = list.length;
    list.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (key(list[parent]!) <= key(value)) break;
      list[at] = list[parent]!;
      at = parent;
    }
    list[at] = value;
  }

  pop(): T | undefined {
    const { list, key } = this;
    const top = list[0];
    const last = list.pop();
    if (top === undefined || last === undefined || list.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= list.length) break;
      if (child + 1 < list.length && key(list[child + 1]!) < key(list[child]!)) child++;
      if (key(list[child]!) >= key(last)) break;
      list[at] = list[child]!;
      at = child;
    }
    list[at] = last;
    return top;
  }
}
