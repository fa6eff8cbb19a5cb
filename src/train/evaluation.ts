/** Looking at a model without training it: mean loss and accuracy over a split, and the outputs for given samples. */
import { FathomError, throwIfAborted } from "../core/errors.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import { EVALUATION_STEP } from "../ops/arena/layout.ts";
import type { ResolvedOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import type { Program, Runtime, StateBuffer } from "./runtime.ts";
import type { SplitOnGpu } from "./splitOnGpu.ts";
import type { TrainerStates } from "./trainerStates.ts";

export interface EvaluateOptions {
  /** Shape of a sample; that of the data set that was trained on, where it fits. */
  readonly sampleShape?: Shape;
  readonly signal?: AbortSignal | undefined;
}

export interface Evaluation {
  /** Mean over the split's samples, without the penalty. */
  readonly loss: number;
  /** Share of samples whose largest output is their class; null where there are no classes. */
  readonly accuracy: number | null;
}

/** A compiled evaluation of a split, and its states. */
export interface CompiledEvaluation {
  readonly program: Program;
  readonly step: StateBuffer;
  readonly results: StateBuffer;
  dispose(): void;
}

export interface CompiledPrediction {
  readonly program: Program;
  readonly input: StateBuffer;
  readonly output: StateBuffer;
  readonly sampleShape: Shape;
  dispose(): void;
}

/** Loaded when something is first evaluated. */
const evaluationGraph = () => import("./evaluationGraph.ts");

/** Batches of outputs that are on their way at once. */
const MOST_READS = 16;

export class Evaluator {
  private readonly runtime: Runtime;
  private readonly options: ResolvedOptions;
  private readonly states: TrainerStates;
  /** Evaluations and predictions run one after another: they share the memory of their programs. */
  private turn: Promise<unknown> = Promise.resolve();
  private prediction: CompiledPrediction | null = null;
  private readonly step = new Uint32Array(16);

  constructor(runtime: Runtime, options: ResolvedOptions, states: TrainerStates) {
    this.runtime = runtime;
    this.options = options;
    this.states = states;
  }

  evaluate(split: () => SplitOnGpu, signal: AbortSignal | undefined): Promise<Evaluation> {
    return this.inTurn(() => this.evaluateNow(split(), signal));
  }

  /** Outputs row by row, for any number of samples. */
  predict(x: Float32Array, sampleShape: Shape): Promise<Float32Array> {
    return this.inTurn(() => this.predictNow(x, sampleShape));
  }

  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.turn.then(run);
    this.turn = result.catch(() => {});
    return result;
  }

  /** All batches are submitted, bounded by time, and read once at the end; sums over batches are made in float64. */
  private async evaluateNow(split: SplitOnGpu, signal: AbortSignal | undefined): Promise<Evaluation> {
    const { batchSize } = this.options;
    const { count, y } = split.split;
    const { compileEvaluation } = await evaluationGraph();
    split.evaluation ??= await compileEvaluation(this.runtime, this.options, this.states, split);
    const { program, step, results } = split.evaluation;
    const batches = Math.ceil(count / batchSize);
    const pace = new Pace(() => performance.now());
    const programs = [program];
    for (let batch = 0; batch < batches; batch++) {
      this.runtime.throwIfFailed();
      throwIfAborted(signal, "evaluate");
      this.step[EVALUATION_STEP.batchIndex] = batch;
      this.step[EVALUATION_STEP.batchStart] = batch * batchSize;
      this.step[EVALUATION_STEP.validRows] = Math.min(batchSize, count - batch * batchSize);
      step.write(this.step);
      pace.submit();
      void this.runtime.submit(programs);
      if (!pace.mustWait) continue;
      const fence = pace.fence();
      await this.runtime.settled();
      pace.reached(fence);
    }
    const sums = (await results.read()) as Float32Array;
    let loss = 0;
    let right = 0;
    for (let batch = 0; batch < batches; batch++) {
      loss += sums[2 * batch]!;
      right += sums[2 * batch + 1]!;
    }
    return { loss: loss / count, accuracy: y instanceof Int32Array ? right / count : null };
  }

  /** The last batch is filled up with zeros. */
  private async predictNow(x: Float32Array, sampleShape: Shape): Promise<Float32Array> {
    const { batchSize } = this.options;
    const size = sizeOf(sampleShape);
    if (size === 0 || x.length % size !== 0)
      throw new FathomError(
        "shape",
        `trainer.predict: ${x.length} values are no whole number of samples of shape [${sampleShape.join(",")}], ${size} values each`,
      );
    if (this.prediction?.sampleShape.join() !== sampleShape.join()) {
      this.prediction?.dispose();
      this.prediction = null;
      const { compilePrediction } = await evaluationGraph();
      this.prediction = await compilePrediction(this.runtime, this.options, this.states, sampleShape);
    }
    const { program, input, output } = this.prediction;
    const width = output.size / batchSize;
    const rows = x.length / size;
    const all = new Float32Array(rows * width);
    const programs = [program];
    const batch = new Float32Array(batchSize * size);
    const under: Promise<void>[] = [];
    for (let row = 0; row < rows; row += batchSize) {
      const taken = Math.min(batchSize, rows - row);
      batch.fill(0).set(x.subarray(row * size, (row + taken) * size));
      input.write(batch);
      const read = this.runtime.submit(programs, [{ state: output, offset: 0, length: output.size }])!;
      under.push(read.then(([outputs]) => all.set((outputs as Float32Array).subarray(0, taken * width), row * width)));
      if (under.length >= MOST_READS) await under.shift();
    }
    await Promise.all(under);
    return all;
  }

  dispose(): void {
    this.prediction?.dispose();
  }
}
