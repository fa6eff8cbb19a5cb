/** What a library must be able to do to be measured beside Fathom. One file for each: Fathom itself, jax-js, TensorFlow.js. */
import type { Dataset } from "../../src/index.ts";

/** Something of the bench that can be run again and again. */
export interface Peer {
  /** How it runs here, where that is not obvious: threads, device. */
  readonly facts: Readonly<Record<string, number | string>>;
  /** Starts its device, which compiles nothing yet; what needs it does so of itself. */
  start(): Promise<void>;
  train(problem: NetProblem): Promise<Training>;
  multiply(problem: ProductProblem): Promise<Repeatable>;
  normalize(problem: NormProblem): Promise<Repeatable>;
}

/** Loads a peer: all modules that training wants, as far as the library lets them be loaded ahead. */
export type OpenPeer = () => Promise<Peer>;

/** Linear layers with tanh between them, softmax cross-entropy, SGD after a clip by the global norm. */
export interface NetProblem {
  readonly layers: readonly LayerWeights[];
  readonly batchSize: number;
  readonly classes: number;
  /** In their order, again and again. */
  readonly batches: readonly Batch[];
  /** The rows of the batches, for who gathers them itself. */
  readonly dataset: Dataset;
  readonly learningRate: number;
  readonly maxNorm: number;
}

export interface LayerWeights {
  readonly inputs: number;
  readonly outputs: number;
  /** [outputs, inputs]. */
  readonly weight: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;
}

export interface Batch {
  /** [batch, inputs]. */
  readonly x: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Of one step: the loss before its update, and the norm before the clip. */
export interface Reading {
  readonly loss: number;
  readonly gradientNorm: number;
}

export interface Training {
  /**
   * Goes on for so many steps, and resolves when all are done and read. Reads the last step of every `every`, of which `steps` is a multiple;
   * a read may be waited for as late as at the next one.
   */
  run(steps: number, every: number): Promise<readonly Reading[]>;
  /** Asked after the last run. */
  readonly facts?: () => Readonly<Record<string, number>>;
  dispose(): void;
}

/** C = A · B, square. */
export interface ProductProblem {
  readonly size: number;
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
}

/** Batch-norm by the statistics of the rows, and the gradients of x, scale and shift for a given gradient of its output. */
export interface NormProblem {
  readonly rows: number;
  readonly features: number;
  /** [rows, features], as is dy. */
  readonly x: Float32Array<ArrayBuffer>;
  readonly dy: Float32Array<ArrayBuffer>;
  readonly scale: Float32Array<ArrayBuffer>;
  readonly shift: Float32Array<ArrayBuffer>;
  readonly epsilon: number;
}

export interface Repeatable {
  /** So many times, one after another; resolves when all are done. */
  run(times: number): Promise<void>;
  /** The numbers of one run, which are checked: the product; or y, dx, dscale and dshift. */
  result(): Promise<readonly Float32Array[]>;
  dispose(): void;
}
