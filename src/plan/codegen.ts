/** WGSL for fused elementwise work: loads, expressions, stores, and the test for non-finite numbers. */
import type { DType } from "../core/dtype.ts";
import { contiguousStrides, type Shape, sizeOf } from "../core/shape.ts";
import type { Listed, View } from "../graph/op.ts";
import { literalOp, scalarOp } from "../ops/define.ts";
import { libraryFor } from "../ops/library.ts";
import { ALIAS, literalText } from "../ops/numberText.ts";
import type { Unit } from "./fuse.ts";
import { type Item, outputKey, type Reference } from "./items.ts";

export type Width = 1 | 4;

/** What the generated text binds, in order, after the kernel's own bindings. */
export type GeneratedBinding =
  /** All looks at one output that begin within the same 64 elements: the binding reaches as far as the longest of them. */
  | { readonly kind: "read"; readonly references: Reference[] }
  | { readonly kind: "write"; readonly item: Item; readonly output: number }
  | { readonly kind: "flag"; readonly layer: number }
  | { readonly kind: "constants"; readonly scalars: readonly Item[] };

export interface Generated {
  readonly text: string;
  readonly bindings: readonly GeneratedBinding[];
}

interface Axis {
  size: number;
  stride: number;
}

/** The view, broadcast to `shape`, as few axes as will do, innermost last. */
export function collapse(view: View, shape: Shape): Axis[] {
  const extra = shape.length - view.shape.length;
  const axes: Axis[] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const own = view.shape[axis - extra] ?? 1;
    const stride = own === 1 ? 0 : view.strides[axis - extra]!;
    const last = axes.at(-1);
    if (last && last.stride === stride * size) {
      last.size *= size;
      last.stride = stride;
    } else axes.push({ size, stride });
  }
  return axes;
}

/** Where element `index` (text, u32) lies. */
function offsetText(axes: readonly Axis[], base: number, index: string): string {
  const strides = contiguousStrides(axes.map((axis) => axis.size));
  const terms: string[] = [];
  for (const [axis, { size, stride }] of axes.entries()) {
    if (stride === 0) continue;
    const inner = strides[axis]!;
    let term = inner === 1 ? index : `${index} / ${inner}u`;
    if (axis > 0) term = `(${term}) % ${size}u`;
    terms.push(stride === 1 ? `(${term})` : `(${term}) * ${stride}u`);
  }
  if (base > 0) terms.push(`${base}u`);
  return terms.join(" + ") || "0u";
}

class Writer {
  readonly bindings: GeneratedBinding[] = [];
  readonly declarations: string[] = [];
  readonly lines: string[] = [];
  private readonly names = new Map<string, string>();
  private readonly arrays = new Map<string, { readonly name: string; readonly references: Reference[] }>();
  private readonly scalars: Item[] = [];
  private readonly first: number;
  private readonly width: Width;

  constructor(first: number, width: Width) {
    this.first = first;
    this.width = width;
  }

  bind(binding: GeneratedBinding, declaration: (at: number) => string): void {
    this.declarations.push(`@group(0) @binding(${this.first + this.bindings.length}) ${declaration(this.bindings.length)}`);
    this.bindings.push(binding);
  }

  /** The array that a reference reads, as vectors or as single elements. */
  private array(reference: Reference, vector: boolean): string {
    const offset = Math.floor(reference.view.offset / 64) * 64;
    const key = `${outputKey(reference)}+${offset}${vector ? "v" : "s"}${reference.dtype}`;
    const known = this.arrays.get(key);
    if (known) {
      known.references.push(reference);
      return known.name;
    }
    const name = `in${this.bindings.length}`;
    const references = [reference];
    this.arrays.set(key, { name, references });
    const element = vector ? ALIAS[reference.dtype] : reference.dtype;
    this.bind({ kind: "read", references }, () => `var<storage, read> ${name}: array<${element}>;`);
    return name;
  }

  /** Text of one number that is the same for every element. */
  private constant(item: Item, dtype: DType): string {
    if (item.op === literalOp) return literalText(item.attributes.value, dtype);
    let at = this.scalars.indexOf(item);
    if (at < 0) at = this.scalars.push(item) - 1;
    const word = `constants[${at >> 2}].${"xyzw"[at & 3]}`;
    return `${ALIAS[dtype]}(${dtype === "u32" ? word : `bitcast<${dtype}>(${word})`})`;
  }

  /** A name that holds the elements of `reference` for this invocation, in the iteration space `shape`. */
  load(reference: Reference, shape: Shape): string {
    const { item, view, dtype } = reference;
    if (item.op === literalOp || item.op === scalarOp) return this.constant(item, dtype);
    const axes = collapse(view, shape);
    const base = view.offset % 64;
    const key = `load ${outputKey(reference)} ${view.offset} ${dtype} ${axes.map(({ size, stride }) => `${size}:${stride}`).join()}`;
    const known = this.names.get(key);
    if (known) return known;
    const name = `x${this.lines.length}`;
    this.names.set(key, name);
    this.lines.push(`let ${name} = ${this.loadText(reference, axes, base)};`);
    return name;
  }

  private loadText(reference: Reference, axes: readonly Axis[], base: number): string {
    const alias = ALIAS[reference.dtype];
    const single = (index: string): string => `${this.array(reference, false)}[${offsetText(axes, base, index)}]`;
    if (this.width === 1) return single("index");
    const inner = axes.at(-1);
    if (!inner || axes.every(({ stride }) => stride === 0)) return `${alias}(${single("index")})`;
    const aligned = base % 4 === 0 && inner.size % 4 === 0 && axes.slice(0, -1).every(({ stride }) => stride % 4 === 0);
    if (aligned && inner.stride === 1) {
      const offset = offsetText(axes, base, "index");
      return `${this.array(reference, true)}[(${offset}) / 4u]`;
    }
    if (inner.stride === 0 && inner.size % 4 === 0) return `${alias}(${single("index")})`;
    return `${alias}(${[0, 1, 2, 3].map((lane) => single(lane === 0 ? "index" : `(index + ${lane}u)`)).join(", ")})`;
  }

  constants(): void {
    if (this.scalars.length === 0) return;
    const vectors = Math.ceil(this.scalars.length / 4);
    this.bind({ kind: "constants", scalars: this.scalars }, () => `var<uniform> constants: array<vec4u, ${vectors}>;`);
  }
}

export function aliases(width: Width): string {
  return width === 4 ? "alias F = vec4f;\nalias I = vec4i;\nalias U = vec4u;" : "alias F = f32;\nalias I = i32;\nalias U = u32;";
}

/**
 * The function `epilogue(index: u32, value: F)` of a unit, or `element(index: u32)` where it has no kernel.
 * `stored` are the outputs that someone outside the unit reads; `first` is the first free binding.
 */
export function generate(unit: Unit, stored: readonly { item: Item; output: number }[], first: number, width: Width): Generated {
  const { anchor, members } = unit;
  const writer = new Writer(first, width);
  const values = new Map<Item, string>();
  const index = width === 4 ? "(vec4u(index) + vec4u(0u, 1u, 2u, 3u))" : "index";
  if (anchor) {
    values.set(anchor, "value");
    const { form } = anchor.op;
    if (anchor.layer >= 0 && form.kind === "kernel" && form.checked) {
      writer.bind({ kind: "flag", layer: anchor.layer }, () => "var<storage, read_write> flag: array<atomic<u32>>;");
      const test = "(bitcast<U>(value) & U(0x7f800000u)) == U(0x7f800000u)";
      writer.lines.push(`if (${width === 4 ? `any(${test})` : test}) { atomicOr(&flag[0], 1u); }`);
    }
  }
  for (const [position, member] of members.entries()) {
    const { form } = member.op;
    if (form.kind !== "elementwise") continue;
    const { shape } = member.outputs[0]!;
    const inputs = member.inputs.map((input) => values.get(input.item) ?? writer.load(input, shape));
    const name = `v${position}`;
    writer.lines.push(`let ${name} = ${form.wgsl(inputs as unknown as Listed<string>, member.attributes, index, width)};`);
    values.set(member, name);
  }
  for (const { item, output } of stored) {
    const value = values.get(item);
    if (value === undefined || output !== 0) continue;
    const { dtype } = item.outputs[0]!;
    const name = `out${writer.bindings.length}`;
    writer.bind({ kind: "write", item, output }, () => `var<storage, read_write> ${name}: array<${ALIAS[dtype]}>;`);
    writer.lines.push(`${name}[${width === 4 ? "index / 4u" : "index"}] = ${value};`);
  }
  writer.constants();
  const signature = anchor ? "fn epilogue(index: u32, value: F)" : "fn element(index: u32)";
  const body = `${signature} {\n${writer.lines.map((line) => `  ${line}`).join("\n")}\n}\n`;
  const text = [aliases(width), ...writer.declarations, libraryFor(body), body].filter((part) => part !== "").join("\n");
  return { text, bindings: writer.bindings };
}

/** Four elements an invocation, where the count allows it. */
export function elementwiseWidth(unit: Unit): Width {
  return sizeOf(unit.shape) % 4 === 0 ? 4 : 1;
}
