/** From a graph to a plan: items, units, their order, their memory, their text. */
import { FathomError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { Binding, Define, Shader } from "../graph/op.ts";
import { literalOp, scalarOp, stateOp } from "../ops/define.ts";
import { shaderOf } from "../ops/shaders.ts";
import { elementwiseWidth, type GeneratedBinding, generate, type Width } from "./codegen.ts";
import { fuse, type Unit } from "./fuse.ts";
import { buildItems, type Item, type Items, type LowerRequest, outputKey, placeKey, type Reference } from "./items.ts";
import { type Placement, Pools } from "./memory.ts";
import { itemsOf, readsOf, schedule } from "./schedule.ts";
import { withSizes } from "./sizes.ts";
import {
  type Access,
  alignUp,
  type BufferReference,
  type Plan,
  type PlanBinding,
  type PlanConstant,
  type PlanDispatch,
  type PlanKernel,
} from "./types.ts";

/** WebGPU's baseline: storage buffers that one dispatch may bind. */
const MOST_STORAGE_BUFFERS = 8;
const MOST_WORKGROUPS = 65535;

/** What an attempt found it must not do; planning is then tried again. */
interface Conflicts {
  /** Items that must begin units of their own. */
  readonly apart: Set<number>;
  /** Outputs that cannot be computed straight into a pack. */
  readonly unplaced: Set<string>;
}

/** Attempts that a graph may take: units of at most 48 members, of which each attempt cuts one off. */
const MOST_ATTEMPTS = 1000;

/** Also tells how many attempts it took: each finds the conflicts of all units, so that their number does not grow with the graph. */
export function lower(request: LowerRequest): { plan: Plan; items: Items; attempts: number } {
  const unplaced = new Set<string>();
  const apart = new Set<number>();
  let items = buildItems(request, unplaced);
  for (let attempts = 1; attempts <= MOST_ATTEMPTS; attempts++) {
    const { plan, conflicts } = new Emitter(items, schedule(fuse(items.list, apart)), apart).emit(request);
    if (conflicts.apart.size === 0 && conflicts.unplaced.size === 0) return { plan, items, attempts };
    for (const index of conflicts.apart) apart.add(index);
    if (conflicts.unplaced.size > 0) {
      for (const key of conflicts.unplaced) unplaced.add(key);
      apart.clear();
      items = buildItems(request, unplaced);
    }
  }
  throw new FathomError("internal", `planning did not settle after ${MOST_ATTEMPTS} attempts`);
}

type Bound = PlanBinding & { readonly access: Access };

class Emitter {
  private readonly pools = new Pools();
  private readonly places = new Map<string, Placement>();
  private readonly packs = new Map<Item, Placement>();
  private readonly kernels: PlanKernel[] = [];
  private readonly kernelIndex = new Map<string, number>();
  private readonly dispatches: PlanDispatch[] = [];
  private readonly constants: PlanConstant[] = [];
  private readonly slots = new Map<string, number>();
  private readonly states: Record<string, number> = {};
  private readonly conflicts: Conflicts = { apart: new Set(), unplaced: new Set() };
  private constantBytes = 0;
  private readonly items: Items;
  private readonly order: readonly Unit[];
  /** Items that begin a unit already: cutting there again would change nothing. */
  private readonly apart: ReadonlySet<number>;

  constructor(items: Items, order: readonly Unit[], apart: ReadonlySet<number>) {
    this.items = items;
    this.order = order;
    this.apart = apart;
  }

  /** The plan is valid only where there are no conflicts. */
  emit(request: LowerRequest): { plan: Plan; conflicts: Conflicts } {
    const lastUse = new Map<string, number>();
    const needed = new Set<string>();
    for (const [position, unit] of this.order.entries())
      for (const read of readsOf(unit)) {
        lastUse.set(outputKey(read), position);
        needed.add(outputKey(read));
      }
    for (const item of this.items.list) for (const output of item.destinations.keys()) needed.add(outputKey({ item, output }));
    const expiring = new Map<number, string[]>();
    for (const [key, position] of lastUse) expiring.set(position, [...(expiring.get(position) ?? []), key]);

    for (const [position, unit] of this.order.entries()) {
      const stored = this.storedBy(unit, needed);
      const avoid = this.poolsRead(unit);
      const temporaries = (unit.anchor?.kernel?.temporaries ?? []).map((size) => {
        const place = this.pools.take(size * 4, avoid);
        // One call may read a temporary and write the next.
        avoid.add(place.pool);
        return place;
      });
      for (const { item, output } of stored)
        if (!item.destinations.has(output))
          this.places.set(outputKey({ item, output }), this.pools.take(sizeOf(item.outputs[output]!.shape) * 4, avoid));
      if (unit.anchor) this.anchored(unit, stored, temporaries);
      else this.elementwise(unit, stored);
      for (const temporary of temporaries) this.pools.release(temporary);
      const dead = stored.map(outputKey).filter((key) => !lastUse.has(key));
      for (const key of [...(expiring.get(position) ?? []), ...dead]) {
        const place = this.places.get(key);
        if (place) this.pools.release(place);
      }
    }
    const plan: Plan = {
      // Only a processor spends more on asking for an array's length than on its element.
      kernels: request.target.adapterClass === "software" ? withSizes(this.kernels, this.dispatches) : this.kernels,
      dispatches: this.dispatches,
      pools: this.pools.list.map(({ bytes, persistent }) => ({ bytes: alignUp(bytes), persistent })),
      peakBytes: this.pools.peak,
      inputs: this.items.inputs.map(({ shape, dtype }) => ({ shape, dtype })),
      outputs: request.roots.map(({ shape, dtype }) => ({ shape, dtype })),
      states: this.states,
      constants: { bytes: this.constantBytes, entries: this.constants },
    };
    return { plan, conflicts: this.conflicts };
  }

  /** The outputs of a unit that must be in memory. A kernel's further outputs are always written. */
  private storedBy(unit: Unit, needed: ReadonlySet<string>): { item: Item; output: number }[] {
    const own = new Set(itemsOf(unit));
    const stored: { item: Item; output: number }[] = [];
    for (const item of own)
      for (const output of item.outputs.keys()) {
        const fusable = item !== unit.anchor || (output === 0 && item.kernel?.calls.at(-1)?.epilogue !== undefined);
        if (!fusable || needed.has(outputKey({ item, output }))) stored.push({ item, output });
      }
    return stored;
  }

  private poolsRead(unit: Unit): Set<number> {
    const pools = new Set<number>();
    for (const { item, output } of readsOf(unit)) {
      const place = this.places.get(outputKey({ item, output }));
      if (place) pools.add(place.pool);
    }
    return pools;
  }

  private pack(item: Item): Placement {
    let place = this.packs.get(item);
    if (!place) {
      place = this.pools.persistent(sizeOf(item.outputs[0]!.shape) * 4);
      this.packs.set(item, place);
    }
    return place;
  }

  /** Where an output begins. */
  private place(item: Item, output: number): { buffer: BufferReference; offset: number } {
    const destination = item.destinations.get(output);
    if (destination?.kind === "output") return { buffer: destination, offset: 0 };
    if (destination?.kind === "state") return { buffer: destination, offset: 0 };
    if (destination) {
      const { pool, offset } = this.pack(destination.pack);
      return { buffer: { kind: "pool", index: pool }, offset: offset + destination.offset * 4 };
    }
    if (item.op.form.kind === "pack") return { buffer: { kind: "pool", index: this.pack(item).pool }, offset: 0 };
    if (item.op === stateOp) {
      const { state, size } = item.attributes;
      this.states[state] = size;
      return { buffer: { kind: "state", name: state }, offset: 0 };
    }
    if (item.op === literalOp || item.op === scalarOp) return { buffer: { kind: "constants" }, offset: this.slot([item]) };
    const input = this.items.inputIndex.get(item);
    if (input !== undefined) return { buffer: { kind: "input", index: input }, offset: 0 };
    const place = this.places.get(outputKey({ item, output }));
    if (!place) throw new FathomError("internal", `${item.op.name}: its value has no place in the plan`);
    return { buffer: { kind: "pool", index: place.pool }, offset: place.offset };
  }

  private read({ item, output, view }: Reference): Bound {
    const { buffer, offset } = this.place(item, output);
    const skipped = Math.floor(view.offset / 64) * 256;
    const last = view.shape.some((size) => size === 0)
      ? 0
      : view.shape.reduce((sum, size, axis) => sum + (size - 1) * view.strides[axis]!, view.offset) + 1;
    return { buffer, offset: offset + skipped, size: Math.max(last * 4 - skipped, 4), access: "read" };
  }

  private write(item: Item, output: number): Bound {
    const { buffer, offset } = this.place(item, output);
    if (buffer.kind === "state") this.states[buffer.name] ??= sizeOf(item.outputs[output]!.shape);
    return { buffer, offset, size: Math.max(sizeOf(item.outputs[output]!.shape) * 4, 4), access: "read_write" };
  }

  /** A range of the constants buffer that holds these numbers, shared by equal lists. Byte offset. */
  private slot(list: readonly Item[]): number {
    const key = list.map((item) => item.index).join();
    const known = this.slots.get(key);
    if (known !== undefined) return known;
    const start = this.constantBytes;
    this.slots.set(key, start);
    for (const [position, item] of list.entries()) {
      const scalar = this.items.scalarIndex.get(item);
      const value = scalar === undefined ? { literal: item.attributes.value } : { scalar };
      this.constants.push({ offset: start + position * 4, dtype: item.attributes.dtype, value });
    }
    this.constantBytes = alignUp(start + list.length * 4);
    return start;
  }

  private flags(layer: number, count: number): Bound {
    this.states["flags"] ??= 0;
    return { buffer: { kind: "state", name: "flags" }, offset: layer * 256, size: (count - 1) * 256 + 4, access: "read_write" };
  }

  private generated(binding: GeneratedBinding): Bound {
    switch (binding.kind) {
      case "read": {
        const looks = binding.references.map((reference) => this.read(reference));
        return { ...looks[0]!, size: looks.reduce((most, { size }) => Math.max(most, size), 0) };
      }
      case "write":
        return this.write(binding.item, binding.output);
      case "flag":
        return this.flags(binding.layer, 1);
      case "constants":
        return {
          buffer: { kind: "constants" },
          offset: this.slot(binding.scalars),
          size: alignUp(binding.scalars.length * 4, 16),
          access: "uniform",
        };
    }
  }

  private elementwise(unit: Unit, stored: readonly { item: Item; output: number }[]): void {
    const width = elementwiseWidth(unit);
    const { text, bindings } = generate(unit, stored, 0, width);
    const count = unit.size / width;
    const bound = bindings.map((binding) => this.generated(binding));
    this.dispatch(unit, "elementwise", { ELEMENT: text, WIDTH: width }, { COUNT: count }, bound, Math.ceil(count / 64));
  }

  private anchored(unit: Unit, stored: readonly { item: Item; output: number }[], temporaries: readonly Placement[]): void {
    const anchor = unit.anchor!;
    for (const call of anchor.kernel!.calls) {
      const bound = call.bindings.map((binding) => this.declared(anchor, binding, temporaries));
      const defines: Record<string, Define> = { ...call.defines };
      if (call.epilogue) {
        const { text, bindings } = generate(unit, stored, bound.length, call.epilogue.width as Width);
        defines["EPILOGUE"] = text;
        bound.push(...bindings.map((binding) => this.generated(binding)));
      }
      this.dispatch(unit, call.shader, defines, call.overrides ?? {}, bound, call.workgroups);
    }
  }

  private declared(anchor: Item, binding: Binding, temporaries: readonly Placement[]): Bound {
    if ("input" in binding) return this.read(anchor.inputs[binding.input]!);
    if ("output" in binding) return this.write(anchor, binding.output);
    if ("flags" in binding) return this.flags(anchor.layer, binding.flags);
    const { pool, offset } = temporaries[binding.temporary]!;
    const size = anchor.kernel!.temporaries![binding.temporary]! * 4;
    return { buffer: { kind: "pool", index: pool }, offset, size: Math.max(size, 4), access: binding.access ?? "read_write" };
  }

  private dispatch(
    unit: Unit,
    shader: string | Shader,
    defines: Readonly<Record<string, Define>>,
    constants: Readonly<Record<string, number>>,
    bound: readonly Bound[],
    workgroups: number | readonly [number, number, number],
  ): void {
    if (this.inConflict(unit, bound)) return;
    const { name, text: template } = shaderOf(shader);
    const grid: readonly [number, number, number] =
      typeof workgroups === "number" ? [Math.min(workgroups, MOST_WORKGROUPS), Math.ceil(workgroups / MOST_WORKGROUPS), 1] : workgroups;
    if (grid.some((count) => count === 0)) return;
    if (grid.some((count) => count > MOST_WORKGROUPS))
      throw new FathomError(
        "limits-too-small",
        `${name}: needs ${grid.join(" × ")} workgroups; WebGPU allows ${MOST_WORKGROUPS} in a dimension. Split the tensor`,
      );
    const access = bound.map((binding) => binding.access);
    const key = `${name} ${JSON.stringify(defines)} ${JSON.stringify(constants)} ${access.join()}`;
    let kernel = this.kernelIndex.get(key);
    if (kernel === undefined) {
      kernel = this.kernels.push({ name, template, defines, constants, access }) - 1;
      this.kernelIndex.set(key, kernel);
    }
    const label = itemsOf(unit)
      .map((item) => item.op.name)
      .join(" ");
    this.dispatches.push({
      kernel,
      bindings: bound.map(({ buffer, offset, size }) => ({ buffer, offset, size })),
      workgroups: grid,
      label,
    });
  }

  /** Where to cut a unit that binds too much: the first member whose reads no longer fit; the last where it is the stores that do not. */
  private firstTooMany(unit: Unit): Item {
    const own = new Set(itemsOf(unit));
    const read = new Set(unit.anchor?.inputs.map(outputKey));
    const written = unit.anchor?.outputs.length ?? 1;
    const cuttable = (member: Item): boolean => !this.apart.has(member.index);
    for (const member of unit.members) {
      for (const input of member.inputs)
        if (!own.has(input.item) && input.item.op !== literalOp && input.item.op !== scalarOp) read.add(outputKey(input));
      if (read.size + written > MOST_STORAGE_BUFFERS && member !== unit.members[0] && cuttable(member)) return member;
    }
    return unit.members.findLast(cuttable)!;
  }

  /** What else goes wrong then may be gone in the next attempt. */
  private isFailed(): boolean {
    return this.conflicts.apart.size > 0 || this.conflicts.unplaced.size > 0;
  }

  private note<T>(found: Set<T>, conflict: T): true {
    found.add(conflict);
    return true;
  }

  /** Notes what makes a dispatch invalid in WebGPU: too many buffers, or one buffer both read and written. */
  private inConflict(unit: Unit, bound: readonly Bound[]): boolean {
    const storage = bound.filter(({ access }) => access !== "uniform").length;
    const last = unit.members.at(-1);
    if (storage > MOST_STORAGE_BUFFERS) {
      if (!last || (!unit.anchor && unit.members.length === 1)) {
        if (this.isFailed()) return true;
        throw new FathomError(
          "internal",
          `${unit.anchor?.op.name ?? last?.op.name}: needs ${storage} storage buffers; WebGPU promises ${MOST_STORAGE_BUFFERS}`,
        );
      }
      return this.note(this.conflicts.apart, this.firstTooMany(unit).index);
    }
    const name = ({ buffer }: Bound): string => JSON.stringify(buffer);
    const written = new Set(bound.filter(({ access }) => access === "read_write").map(name));
    if (!bound.some((binding) => binding.access !== "read_write" && written.has(name(binding)))) return false;
    for (const { item, output } of readsOf(unit)) {
      const destination = item.destinations.get(output);
      if (destination?.kind === "pack" && written.has(JSON.stringify({ kind: "pool", index: this.pack(destination.pack).pool })))
        return this.note(this.conflicts.unplaced, placeKey({ item, output }));
    }
    // A state that becomes something made of itself: the new value is written by a dispatch of its own.
    const assigning = unit.members.find((member) => member.destinations.get(0)?.kind === "state");
    if (assigning && itemsOf(unit).length > 1) return this.note(this.conflicts.apart, assigning.index);
    if (this.isFailed()) return true;
    throw new FathomError(
      "internal",
      `${itemsOf(unit)
        .map((item) => item.op.name)
        .join(" ")}: reads and writes one buffer in one dispatch`,
    );
  }
}
