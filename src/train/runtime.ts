/** What training needs of an engine: states that live on the GPU, programs that are replayed, and reads that do not stop the loop. */
import type { DType, TypedArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import type { Tuning } from "../ops/tuning.ts";
import type { Tensor } from "../tensor.ts";

/** A named buffer that outlives plans. Sizes and offsets in elements of four bytes. */
export interface StateBuffer {
  readonly name: string;
  readonly dtype: DType;
  readonly size: number;
  /** The whole state, or a part of it, as a leaf of a graph; another dtype reinterprets the bits. */
  node(part?: { readonly offset?: number; readonly shape?: Shape; readonly dtype?: DType }): Node;
  /** Takes effect between two submits, in order. */
  write(data: TypedArray, offset?: number): void;
  read(offset?: number, length?: number): Promise<TypedArray>;
  dispose(): void;
}

/** Part of a state; in elements. */
export interface StatePart {
  readonly state: StateBuffer;
  readonly offset: number;
  readonly length: number;
}

export interface ProgramRequest {
  readonly label: string;
  /** In order: what each state becomes. An in-place op's output is assigned to the state it was given. */
  readonly assignments: readonly { readonly state: StateBuffer; readonly node: Node }[];
  /** States that the graph only reads. */
  readonly states: readonly StateBuffer[];
  /** Where checked kernels raise a flag: word 64 · layer of `flags`. Nodes without a layer are not checked. */
  readonly check?: { readonly flags: StateBuffer; readonly layers: ReadonlyMap<Node, number> };
}

export interface ProgramCounters {
  readonly dispatches: number;
  readonly pipelines: number;
  readonly buffers: number;
  readonly bytes: number;
  /** The most bytes of them that are in use at once: see `Plan.peakBytes`. */
  readonly peakBytes: number;
  readonly compileMilliseconds: number;
}

/** A frozen plan: `Runtime.submit` replays it, creating nothing but an encoder. */
export interface Program {
  readonly counters: ProgramCounters;
  /** The plan as text. */
  print(): string;
  dispose(): void;
}

export interface Runtime {
  readonly adapter: { readonly class: "software" | "hardware"; readonly description: string };
  /** Measured tiles of matrix products, if any are used. */
  readonly tuning: Tuning | null;
  state(name: string, dtype: DType, size: number, initial?: TypedArray): StateBuffer;
  compileProgram(request: ProgramRequest): Promise<Program>;
  /**
   * Encodes and submits the programs, in one command buffer. With `reads`, these parts of states are copied out in the same submit and
   * handed over when the GPU is done: the loop need not wait for them.
   */
  submit(programs: readonly Program[], reads?: readonly StatePart[]): Promise<readonly TypedArray[]> | undefined;
  /** Resolves when all that was submitted is done. */
  settled(): Promise<void>;
  /** Throws the FathomError of a lost device or an uncaptured GPU error, if there was one. Cheap: call it every step. */
  throwIfFailed(): void;
  /** Runs `body` without evaluating any tensor on the way. */
  trace<T>(body: () => T): T;
  wrap(node: Node): Tensor;
}
