/** The graph made ready for planning: equal work merged, views folded into their readers, copies put in only where memory must move. */

import type { DType } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { contiguousStrides, type Shape, sizeOf } from "../core/shape.ts";
import { type Node, type TensorType, topologicalOrder } from "../graph/node.ts";
import type { KernelPlan, Op, Target, View } from "../graph/op.ts";
import { againOp } from "../ops/again.ts";
import { inputOp, pickOp, scalarOp, stateOp } from "../ops/define.ts";
import { copyOp } from "../ops/views.ts";

/** A look at one output of an item. */
export interface Reference {
  readonly item: Item;
  readonly output: number;
  readonly view: View;
  readonly dtype: DType;
  /** The recomputation that reads it: its work is not merged with the first computation's, nor with another's. */
  readonly again?: number;
}

/** Where an output must lie; nowhere in particular if it has none. */
export type Destination =
  | { readonly kind: "output"; readonly index: number }
  | { readonly kind: "pack"; readonly pack: Item; readonly offset: number }
  | { readonly kind: "state"; readonly name: string };

export interface Item {
  /** A topological order. */
  readonly index: number;
  /** Of the node it came from; the reader's, negative, for a copy. Stays the same when planning is tried again. */
  readonly serial: number;
  readonly op: Op;
  readonly attributes: Node["attributes"];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly TensorType[];
  /** What a kernel op asked for. */
  readonly kernel: KernelPlan | null;
  /** Layer whose flag a non-finite value raises; -1 for none. */
  readonly layer: number;
  readonly destinations: Map<number, Destination>;
}

export interface LowerRequest {
  /** Computed into outputs, in this order. */
  readonly roots: readonly Node[];
  readonly assignments: readonly { readonly state: string; readonly node: Node }[];
  readonly layers?: ReadonlyMap<Node, number>;
  /** Nodes whose values are at hand: inputs of the plan, whatever op they are of. */
  readonly given?: (node: Node) => boolean;
  readonly target: Target;
}

export interface Items {
  readonly list: readonly Item[];
  /** `input` leaves and `scalar` leaves in graph order: what is given when the plan runs. */
  readonly inputs: readonly Node[];
  readonly scalars: readonly Node[];
  readonly scalarIndex: ReadonlyMap<Item, number>;
  readonly inputIndex: ReadonlyMap<Item, number>;
}

export function fullView(shape: Shape): View {
  return { shape, strides: contiguousStrides(shape), offset: 0 };
}

/** Whether the view reads elements in their own row-major order, one after another. */
export function isContiguous({ shape, strides }: View): boolean {
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== stride) return false;
    stride *= shape[axis]!;
  }
  return true;
}

/** Whether the reference is all of an output, in order, whatever its shape is called. */
export function isWhole({ item, output, view }: Reference): boolean {
  return view.offset === 0 && isContiguous(view) && sizeOf(view.shape) === sizeOf(item.outputs[output]!.shape);
}

export const isLeaf = (item: Item): boolean => item.op.form.kind === "leaf";

class Builder {
  readonly list: Item[] = [];
  readonly inputs: Node[] = [];
  readonly scalars: Node[] = [];
  readonly inputIndex = new Map<Item, number>();
  readonly scalarIndex = new Map<Item, number>();
  private readonly references = new Map<Node, Reference>();
  private readonly merged = new Map<Op, Map<string, Item>>();
  private readonly claimed = new Set<string>();
  private readonly request: LowerRequest;
  private readonly unplaced: ReadonlySet<string>;

  constructor(request: LowerRequest, unplaced: ReadonlySet<string>) {
    this.request = request;
    this.unplaced = unplaced;
  }

  private item(
    op: Op,
    attributes: Node["attributes"],
    inputs: readonly Reference[],
    outputs: readonly TensorType[],
    layer: number,
    merge: boolean,
    serial: number,
  ): Item {
    const key = merge ? `${JSON.stringify(attributes)}|${inputs.map(referenceKey).join("|")}|${layer}` : "";
    const table = this.merged.get(op) ?? new Map<string, Item>();
    this.merged.set(op, table);
    const known = merge ? table.get(key) : undefined;
    if (known) return known;
    const { form } = op;
    const kernel =
      form.kind === "kernel"
        ? form.kernel(
            inputs.map(({ view, dtype }) => ({ ...view, offset: view.offset % 64, dtype })) as never,
            outputs as never,
            attributes,
            this.request.target,
          )
        : null;
    const item: Item = { index: this.list.length, serial, op, attributes, inputs, outputs, kernel, layer, destinations: new Map() };
    this.list.push(item);
    if (merge) table.set(key, item);
    return item;
  }

  copy(reference: Reference, merge = true): Reference {
    const { item, view, dtype } = reference;
    const type = { shape: view.shape, dtype };
    const made = this.item(copyOp, undefined, [reference], [type], -1, merge, -1 - item.serial);
    return { item: made, output: 0, view: fullView(view.shape), dtype };
  }

  of(node: Node): Reference {
    return this.references.get(node)!;
  }

  add(node: Node): void {
    this.references.set(node, this.resolve(node));
  }

  private resolve(node: Node): Reference {
    const { attributes, dtype } = node;
    const op: Op = this.request.given?.(node) ? inputOp : node.op;
    const inputs = (op === inputOp ? [] : node.inputs).map((input) => this.of(input));
    if (op === pickOp) {
      const { item } = inputs[0]!;
      return { item, output: attributes.index, view: fullView(node.shape), dtype };
    }
    const { form } = op;
    if (form.kind === "view") {
      const source = inputs[0]!;
      const view = form.view(source.view, attributes, node);
      if (view) return { ...source, view, dtype, ...(op === againOp ? { again: attributes.segment } : {}) };
      const copied = this.copy(source);
      const second = form.view(copied.view, attributes, node);
      if (!second) throw new FathomError("internal", `${op.name}: has no view even of a contiguous tensor`);
      return { ...copied, view: second, dtype };
    }
    const layer = this.request.layers?.get(node) ?? -1;
    if (form.kind === "kernel")
      inputs.forEach((reference, index) => {
        if (!this.readable(op, index, reference)) inputs[index] = this.copy(reference);
      });
    if (form.kind === "pack") return this.pack(node, inputs);
    const merge = op !== inputOp && op !== scalarOp;
    const item = this.item(op, op === inputOp || op === scalarOp ? { dtype } : attributes, inputs, node.outputs, layer, merge, node.serial);
    if (op === inputOp) {
      this.inputIndex.set(item, this.inputs.length);
      this.inputs.push(node);
    } else if (op === scalarOp) {
      this.scalarIndex.set(item, this.scalars.length);
      this.scalars.push(node);
    }
    return { item, output: 0, view: op === stateOp ? stateView(attributes) : fullView(node.shape), dtype };
  }

  private readable(op: Op, index: number, { view }: Reference): boolean {
    const remainder = { ...view, offset: view.offset % 64 };
    if (remainder.offset === 0 && isContiguous(view)) return true;
    return op.form.kind === "kernel" && (op.form.accepts?.(index, remainder) ?? false);
  }

  private pack(node: Node, inputs: readonly Reference[]): Reference {
    const placed = inputs.map((reference) => (this.claim(reference) ? reference : this.copy(reference, false)));
    const item = this.item(node.op, node.attributes, placed, node.outputs, -1, false, node.serial);
    const offsets: readonly number[] = node.attributes.offsets;
    placed.forEach((reference, position) => {
      this.claimed.add(outputKey(reference));
      reference.item.destinations.set(reference.output, { kind: "pack", pack: item, offset: offsets[position]! });
    });
    return { item, output: 0, view: fullView(node.shape), dtype: node.dtype };
  }

  /** Whether the reference's own memory may be put where it is wanted: it is computed here, whole, and wanted nowhere else. */
  private claim(reference: Reference): boolean {
    const { item, output } = reference;
    const { form } = item.op;
    const computed = form.kind === "elementwise" || (form.kind === "kernel" && form.inPlace?.[output] === undefined);
    const key = outputKey(reference);
    if (!computed || !isWhole(reference) || this.claimed.has(key) || this.unplaced.has(placeKey(reference))) return false;
    this.claimed.add(key);
    return true;
  }

  root(node: Node, index: number): void {
    const reference = this.of(node);
    const placed = this.claim(reference) ? reference : this.copy(reference, false);
    this.claimed.add(outputKey(placed));
    placed.item.destinations.set(placed.output, { kind: "output", index });
  }

  assign(state: string, node: Node): void {
    const reference = this.of(node);
    if (this.isInPlace(state, reference)) return;
    const copied = this.copy(reference, false);
    copied.item.destinations.set(0, { kind: "state", name: state });
  }

  /** Whether the value is written over the state: by its own item, and by all those over whose outputs that one writes. */
  private isInPlace(state: string, reference: Reference): boolean {
    const source = overwritten(reference);
    if (!source || !isWhole(reference)) return false;
    const isState = source.item.op === stateOp && source.item.attributes.state === state;
    if (!isState && !this.isInPlace(state, source)) return false;
    reference.item.destinations.set(reference.output, { kind: "state", name: state });
    return true;
  }
}

/** The input over which an output is written; undefined where it has memory of its own. */
export function overwritten({ item, output }: { readonly item: Item; readonly output: number }): Reference | undefined {
  const { form } = item.op;
  const from = form.kind === "kernel" ? form.inPlace?.[output] : undefined;
  return from === undefined ? undefined : item.inputs[from];
}

/** A state's item is the whole buffer, whatever part a leaf names. */
function stateView({ shape, offset }: { shape: Shape; offset: number }): View {
  return { shape, strides: contiguousStrides(shape), offset };
}

export const outputKey = ({ item, output }: { item: Item; output: number }): string => `${item.index}.${output}`;

/** Names an output across attempts at planning. */
export const placeKey = ({ item, output }: { item: Item; output: number }): string => `${item.serial}.${output}`;

const referenceKey = ({ item, output, view, dtype, again = -1 }: Reference): string =>
  `${item.index}.${output}:${view.shape.join()}:${view.strides.join()}:${view.offset}:${dtype}:${again}`;

/** `unplaced` holds the outputs (`placeKey`) whose memory an earlier attempt found in conflict when put straight into a pack. */
export function buildItems(request: LowerRequest, unplaced: ReadonlySet<string> = new Set()): Items {
  const builder = new Builder(request, unplaced);
  const order = topologicalOrder([...request.roots, ...request.assignments.map((assignment) => assignment.node)], request.given);
  for (const node of order) builder.add(node);
  for (const [index, node] of request.roots.entries()) builder.root(node, index);
  for (const { state, node } of request.assignments) builder.assign(state, node);
  for (const item of builder.list)
    for (const [output, from] of Object.entries(item.op.form.kind === "kernel" ? (item.op.form.inPlace ?? {}) : {}))
      if (Number(output) < item.outputs.length && item.destinations.get(Number(output))?.kind !== "state")
        throw new FathomError("internal", `${item.op.name}: output ${output} is written over input ${from}, and is assigned to no state`);
  return builder;
}
