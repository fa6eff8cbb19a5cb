/** What an op is: one record of shape rule, gradient rule, float64 reference, and how it is computed. */
import type { DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { TileTable } from "../core/tile.ts";
import type { Attributes, Node, TensorType } from "./node.ts";

/** A list whose first eight entries may be taken without a check: the shape rule has counted them. */
export interface Listed<T> extends ReadonlyArray<T> {
  readonly 0: T;
  readonly 1: T;
  readonly 2: T;
  readonly 3: T;
  readonly 4: T;
  readonly 5: T;
  readonly 6: T;
  readonly 7: T;
}

/** A tensor of plain JavaScript numbers (float64): the truth that kernels are held against. */
export interface Reference {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export interface VjpArguments<A> {
  /** Gradient of the first output. For an op of several outputs see `dys`. */
  readonly dy: Node;
  /** Gradients of all outputs; null where none arrives. */
  readonly dys: readonly (Node | null)[];
  /** The node itself: its value, without computing it again. */
  readonly y: Node;
  /** Whether a gradient that was made before reads y too: reading it then keeps nothing in memory for longer. */
  readonly yRead: boolean;
  readonly inputs: Listed<Node>;
  readonly attributes: A;
  /** Whether a gradient for that input is wanted, so that a rule can leave work out. */
  readonly wanted: (input: number) => boolean;
}

/** The gradient of each input as graph nodes; null where it is zero everywhere. */
export type Vjp<A> = (rule: VjpArguments<A>) => readonly (Node | null)[];

/** How a tensor lies in its buffer; offset and strides in elements. */
export interface View {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

export type Define = string | number | boolean;

/** What a binding of a kernel is: an input or output of the op, a temporary that only the op's own calls see, or flags of non-finite values. */
export type Binding =
  | { readonly input: number }
  | { readonly output: number }
  /** Temporary `temporary`, written (default) or read. */
  | { readonly temporary: number; readonly access?: "read" }
  /** Flags of as many layers from the op's own on, a word in every 64: for an op that is several checked layers. */
  | { readonly flags: number };

/** A hand-written shader: the name of its file, and its text with the library text that it stands on. */
export interface Shader {
  readonly name: string;
  readonly text: string;
}

/** One dispatch, before fusing. */
export interface KernelCall {
  /** The name of one in the table of those that are always there (ops/shaders.ts); or one that is loaded with its op. */
  readonly shader: string | Shader;
  readonly defines?: Readonly<Record<string, Define>>;
  readonly overrides?: Readonly<Record<string, number>>;
  /** A number is a count of workgroups in one dimension, folded into two past 65,535 (see lib/grid.wgsl). */
  readonly workgroups: number | readonly [number, number, number];
  /** In the order of @binding. With `epilogue`, output 0 is left out: the generated epilogue binds and stores it. */
  readonly bindings: readonly Binding[];
  /** The shader calls `epilogue(index: u32, value: F)` for each element of output 0, `index` counted in elements; `F` is f32, or vec4f where `width` is 4. */
  readonly epilogue?: { readonly width: 1 | 4 };
}

export interface KernelPlan {
  readonly calls: readonly KernelCall[];
  /** Sizes of temporaries, in elements. */
  readonly temporaries?: readonly number[];
}

/** What a kernel op may know of the machine when it picks a variant. */
export interface Target {
  readonly adapterClass: "software" | "hardware";
  readonly subgroups: boolean;
  /** Tiles of matrix products that were measured on this adapter. */
  readonly tiles?: TileTable;
}

export type Form<A> =
  /** `wgsl` gives an expression over `F` (f32, or vec4f where `width` is 4), `I`, `U`; `index` is the element's flat index, type U. */
  | {
      readonly kind: "elementwise";
      readonly wgsl: (inputs: Listed<string>, attributes: A, index: string, width: 1 | 4) => string;
      readonly usesIndex?: boolean;
    }
  /** A different look at the input's memory; null where only a copy will do. */
  | { readonly kind: "view"; readonly view: (input: View, attributes: A, output: TensorType) => View | null }
  | {
      readonly kind: "kernel";
      /** Whether input `index` may be read as that view; contiguous ones always may. */
      readonly accepts?: (index: number, view: View) => boolean;
      readonly kernel: (inputs: Listed<View & { dtype: DType }>, outputs: Listed<TensorType>, attributes: A, target: Target) => KernelPlan;
      /** Elementwise ops that read output 0 may become part of the last call. */
      readonly fusesEpilogue?: boolean;
      /** Output i is written over input `inPlace[i]`, a state to which that output is assigned. */
      readonly inPlace?: Readonly<Record<number, number>>;
      /** The forward value is tested for non-finite numbers before an activation can hide them. */
      readonly checked?: boolean;
    }
  /** Inputs are computed straight into their places in one buffer. */
  | { readonly kind: "pack" }
  /** One output of an op of several. */
  | { readonly kind: "pick" }
  /** Given from outside: a realised tensor, a parameter, a constant. */
  | { readonly kind: "leaf" };

export interface Op<A = Attributes> {
  readonly name: string;
  /** Output types; throws a FathomError that names the op and the shapes. */
  readonly infer: (inputs: Listed<TensorType>, attributes: A) => TensorType | readonly TensorType[];
  /** "decompose" differentiates `decompose` in its place. */
  readonly vjp: Vjp<A> | "nondifferentiable" | "decompose";
  readonly reference: (inputs: Listed<Reference>, attributes: A) => Reference | readonly Reference[];
  readonly form: Form<A>;
  /** The same value in simpler ops: what a second derivative goes through. */
  readonly decompose?: (inputs: Listed<Node>, attributes: A) => Node | readonly Node[];
}
