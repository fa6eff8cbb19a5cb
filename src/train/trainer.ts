/** The trainer: a model, its parameters on the GPU, and the ways to run, look at, save and resume it. */
import { checkInteger, checkOptions, show } from "../core/check.ts";
import { FathomError, throwIfAborted } from "../core/errors.ts";
import { checkDataset, checkSplit, type Dataset, type Split } from "../data/dataset.ts";
import type { LoadResult } from "../io/checkpoint.ts";
import type { Role } from "../nn/module.ts";
import { COUNTERS, STEP } from "../ops/arena/layout.ts";
import { effectiveLambda } from "../optim/regularizers.ts";
import { Control } from "./control.ts";
import { type EvaluateOptions, type Evaluation, Evaluator } from "./evaluation.ts";
import { type LoopHost, MOST_READS, trainingLoop } from "./loop.ts";
import { type ResolvedOptions, resolveOptions, type TrainerOptions } from "./options.ts";
import { DataOrder } from "./order.ts";
import { Persistence } from "./persistence.ts";
import { decodeRecord, firstBad, type NonFinite, nonFiniteError, type Report } from "./report.ts";
import { RingReader } from "./ringReader.ts";
import type { Program, ProgramCounters, Runtime, StateBuffer } from "./runtime.ts";
import { checkTargets, SplitOnGpu } from "./splitOnGpu.ts";
import { compileStep } from "./stepGraph.ts";
import { createStates, type TrainerStates } from "./trainerStates.ts";

export type { Evaluation } from "./evaluation.ts";
export type { NonFinitePolicy, TrainerOptions } from "./options.ts";
export type { LayerReport, Report } from "./report.ts";

export interface RunOptions {
  /** Updates that this run makes. */
  readonly steps: number;
  /** Reports come of the steps that this divides, and of the last; default 1. */
  readonly every?: number;
  readonly signal?: AbortSignal;
}

export interface ParameterInfo {
  readonly name: string;
  readonly role: Role;
  readonly shape: readonly number[];
}

/** Splits kept on the GPU; the one unused for longest goes first. */
const MOST_SPLITS = 4;

/** Makes a trainer: `await gpu.train({ model, loss, batchSize, optimizer })`. */
export async function createTrainer(runtime: Runtime, options: TrainerOptions): Promise<Trainer> {
  const resolved = resolveOptions(options);
  return new Trainer(runtime, resolved, createStates(runtime, resolved));
}

interface CurrentRun {
  readonly split: SplitOnGpu;
  readonly order: DataOrder;
  /** Null where the order is that of the data set. */
  readonly permutation: StateBuffer | null;
}

export class Trainer {
  private readonly runtime: Runtime;
  private readonly options: ResolvedOptions;
  private readonly states: TrainerStates;
  private readonly evaluator: Evaluator;
  private readonly persistence: Persistence;
  private readonly control = new Control();
  private readonly splits: SplitOnGpu[] = [];
  private current: CurrentRun | null = null;
  private preparing: Promise<void> = Promise.resolve();
  private running = false;
  private disposed = false;
  private warmed = false;
  private attempted = 0;
  /** Steps of a paused run that someone waits for. */
  private readonly singleSteps: {
    readonly step: number;
    readonly resolve: (report: Report) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  /** What the step reads, written once a step; the same memory every time. */
  private readonly words = new Uint32Array(STEP.words);
  private readonly floats = new Float32Array(this.words.buffer);

  constructor(runtime: Runtime, options: ResolvedOptions, states: TrainerStates) {
    this.runtime = runtime;
    this.options = options;
    this.states = states;
    this.evaluator = new Evaluator(runtime, options, states);
    this.persistence = new Persistence(options, states);
  }

  /** Steps that were begun: the number of the next one. */
  get attemptedStep(): number {
    return this.attempted;
  }

  /** Every parameter tensor, in depth order. */
  get parameters(): readonly ParameterInfo[] {
    return this.states.arena.segments.map(({ name, role, shape }) => ({ name, role, shape }));
  }

  /** Numbers of the step's plan. */
  get counters(): ProgramCounters {
    return this.stepProgram().counters;
  }

  /** The step's plan as text. */
  get plan(): string {
    return this.stepProgram().print();
  }

  private stepProgram(): Program {
    const program = this.current?.split.training?.program;
    if (!program)
      throw new FathomError("argument", "trainer: there is no plan yet; it is made for a data set, by run(dataset, …) or prepare(dataset)");
    return program;
  }

  /** Compiles the step for a data set and brings its training part to the GPU; `run` does it where it was not done. */
  async prepare(dataset: Dataset): Promise<void> {
    this.throwIfBusy("prepare");
    await this.compileFor(dataset);
  }

  /** One after another: the second of two calls finds what the first has made. */
  private compileFor(dataset: Dataset): Promise<void> {
    const made = this.preparing.then(() => this.compileNow(dataset));
    this.preparing = made.catch(() => {});
    return made;
  }

  private async compileNow(dataset: Dataset): Promise<void> {
    this.throwIfDisposed();
    checkDataset("train", dataset);
    checkTargets(this.options.loss, dataset.train);
    const split = this.splitOf(dataset.train, dataset.sampleShape);
    if (this.current?.split === split) return;
    this.endCurrent();
    const { order: kind, batchSize, seed } = this.options;
    const order = new DataOrder(kind, dataset.train.count, batchSize, seed);
    const permutation = kind === "shuffled" ? this.runtime.state("permutation", "u32", order.size) : null;
    try {
      split.training = await compileStep(this.runtime, this.options, this.states, split, permutation);
    } catch (error) {
      permutation?.dispose();
      throw error;
    }
    this.current = { split, order, permutation };
    if (this.disposed) this.endCurrent();
    this.throwIfDisposed();
    await this.warmReads();
  }

  /** Has the memory made that reading reports takes, so that nothing is created while a run is under way. */
  private async warmReads(): Promise<void> {
    if (this.warmed) return;
    const reader = new RingReader(this.states);
    const reads = [1, 2].flatMap((count) => Array.from({ length: MOST_READS }, () => reader.range({ from: 0, count })));
    await Promise.all(reads.map(({ offset, length }) => this.states.ring.read(offset, length)));
    this.warmed = true;
  }

  private endCurrent(): void {
    if (!this.current) return;
    this.current.permutation?.dispose();
    this.current.split.training?.dispose();
    this.current.split.training = null;
    this.current = null;
  }

  private splitOf(split: Split, sampleShape: readonly number[]): SplitOnGpu {
    const at = this.splits.findIndex((one) => one.split === split && one.sampleShape.join() === sampleShape.join());
    const found = at >= 0 ? this.splits.splice(at, 1)[0]! : new SplitOnGpu(this.runtime, split, sampleShape);
    this.splits.push(found);
    if (this.splits.length > MOST_SPLITS) {
      const oldest = this.splits.findIndex((one) => one !== this.current?.split);
      this.splits.splice(oldest, 1)[0]!.dispose();
    }
    return found;
  }

  /**
   * Trains: `for await (const report of trainer.run(dataset, { steps: 2000, every: 20 }))`. Reports come in order and complete, a little
   * after their steps: the loop does not wait for them. Leaving the loop, or the signal, ends the run where it is; another goes on from there.
   * Throws a FathomError (non-finite) under the policy "stop", (aborted) for the signal, and what the GPU reports.
   */
  run(dataset: Dataset, options: RunOptions): AsyncGenerator<Report, void, undefined> {
    this.throwIfDisposed();
    checkOptions("trainer.run", options, ["steps", "every", "signal"]);
    const steps = checkInteger("trainer.run", "steps", options.steps, 1);
    const every = checkInteger("trainer.run", "every", options.every ?? 1, 1);
    throwIfAborted(options.signal, "train");
    return this.reports(dataset, steps, every, options.signal);
  }

  private async *reports(
    dataset: Dataset,
    steps: number,
    every: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Report, void, undefined> {
    if (this.running)
      throw new FathomError("argument", "trainer.run: a run of this trainer is under way; let it end, or leave its loop, before the next");
    this.running = true;
    const { slots, arena } = this.states;
    try {
      await this.compileFor(dataset);
      this.writeConstants();
      const loop = trainingLoop(this.host(), { first: this.attempted, steps, every, slots, control: this.control, signal });
      for await (const { words, indices } of loop)
        for (const index of indices) {
          const { report, stopped } = decodeRecord(words, index, arena.segments);
          if (stopped) {
            const bad = await this.recover(loop);
            if (report.step === bad.step) yield report;
            throw nonFiniteError(bad, this.states.layerNames, arena.segments);
          }
          if (this.singleSteps[0]?.step === report.step) this.singleSteps.shift()!.resolve(report);
          yield report;
        }
    } catch (error) {
      this.endSingleSteps(error);
      throw error;
    } finally {
      this.endSingleSteps(new FathomError("aborted", "trainer.step: the run ended before this step"));
      this.running = false;
    }
  }

  private endSingleSteps(error: unknown): void {
    for (const { reject } of this.singleSteps.splice(0)) reject(error);
  }

  /** After a stop the GPU made no update any more: the trainer is where it was before the bad step, and may go on from there. */
  private async recover(loop: AsyncGenerator<unknown, void, undefined>): Promise<NonFinite> {
    await loop.return();
    const { counters } = this.states;
    const bad = firstBad((await counters.read()) as Uint32Array);
    if (!bad) throw new FathomError("internal", "a record says that training stopped, and the counters do not");
    this.attempted = bad.step;
    // What was skipped since is to be done yet.
    counters.write(new Uint32Array(COUNTERS.badSteps), COUNTERS.stopped);
    return bad;
  }

  /** Writes the numbers that stay the same for a run. */
  private writeConstants(): void {
    const { clip, regularizer, optimizer } = this.options;
    const lambda = regularizer ? effectiveLambda(regularizer, this.current!.order.count) : 0;
    const { words, floats } = this;
    words.fill(0);
    words[STEP.seed] = this.options.seed;
    floats[STEP.l2] = regularizer?.type === "l2" ? lambda : 0;
    floats[STEP.l1] = regularizer?.type === "l1" ? lambda : 0;
    floats[STEP.clipMax] = clip?.max ?? 0;
    floats[STEP.weightDecay] = optimizer.weightDecay;
  }

  private host(): LoopHost {
    const { runtime, states, words, floats } = this;
    const { order, permutation, split } = this.current!;
    const { learningRate } = this.options.optimizer;
    const programs = [split.training!.program];
    const reader = new RingReader(states);
    const writeOrder = permutation && ((rows: Uint32Array, offset: number): void => permutation.write(rows, offset));
    return {
      submit: (step, read) => {
        const rate = learningRate(step);
        if (!(rate >= 0 && rate < Infinity))
          throw new FathomError(
            "argument",
            `trainer.run: the schedule gives ${show(rate)} for step ${step}; a learning rate is a finite number from 0`,
          );
        if (writeOrder) order.prepare(step, writeOrder);
        words[STEP.attemptedStep] = step;
        words[STEP.batchStart] = order.start(step);
        floats[STEP.learningRate] = rate;
        states.step.write(words);
        this.attempted = step + 1;
        const reading = runtime.submit(programs, read ? reader.range(read) : undefined);
        return read && reading ? reading.then((all) => reader.pick(all, read)) : undefined;
      },
      read: (stretch) => {
        const { offset, length } = reader.range(stretch);
        return states.ring.read(offset, length).then((all) => reader.pick(all, stretch));
      },
      settled: () => runtime.settled(),
      throwIfFailed: () => this.throwIfDisposed(),
      now: () => performance.now(),
    };
  }

  /**
   * One step, and its report. While a run is paused it is one of that run, which reports it too, on the run's own data set.
   * Do not await it in the body of that run's own `for await` loop: the run goes on only when the body is done.
   */
  async step(dataset: Dataset): Promise<Report> {
    this.throwIfDisposed();
    if (this.running) {
      if (!this.control.isPaused)
        throw new FathomError("argument", "trainer.step: a run is under way; pause() it before making single steps");
      const report = new Promise<Report>((resolve, reject) =>
        this.singleSteps.push({ step: this.attempted + this.singleSteps.length, resolve, reject }),
      );
      this.control.letOneThrough();
      return report;
    }
    if (this.control.isPaused) this.control.letOneThrough();
    let last: Report | null = null;
    for await (const report of this.run(dataset, { steps: 1 })) last = report;
    return last!;
  }

  /** A run stops after what it has submitted, with all of it reported, until `resume`. */
  pause(): void {
    this.control.pause();
  }

  resume(): void {
    this.control.resume();
  }

  get paused(): boolean {
    return this.control.isPaused;
  }

  /** Mean loss over a split, without the penalty, and the share of classes that are right (null where there are none). Dropout is off. */
  async evaluate(split: Split, options: EvaluateOptions = {}): Promise<Evaluation> {
    this.throwIfDisposed();
    checkOptions("trainer.evaluate", options, ["sampleShape", "signal"]);
    checkSplit("trainer.evaluate", split);
    checkTargets(this.options.loss, split);
    return this.evaluator.evaluate(() => this.splitOf(split, options.sampleShape ?? this.sampleShape(split)), options.signal);
  }

  /** The model's outputs for rows of samples, one after another. Dropout is off. */
  async predict(x: Float32Array | readonly number[], options: { readonly sampleShape?: readonly number[] } = {}): Promise<Float32Array> {
    this.throwIfDisposed();
    checkOptions("trainer.predict", options, ["sampleShape"]);
    return this.evaluator.predict(Float32Array.from(x), options.sampleShape ?? this.sampleShape(null));
  }

  /** That of the data set that was trained on, or the model's own number of features. */
  private sampleShape(split: Split | null): readonly number[] {
    const known = this.current?.split.sampleShape;
    const { takes } = this.options.model;
    if (known && (!split || split.x.length === split.count * known.reduce((size, axis) => size * axis, 1))) return known;
    if (split) return [split.x.length / split.count];
    if (takes !== null) return [takes];
    throw new FathomError("argument", "trainer.predict: the shape of a sample is not known before training; pass { sampleShape: [64] }");
  }

  /** The weights and running statistics as safetensors, with PyTorch's names and layouts. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    this.throwIfDisposed();
    return this.persistence.save();
  }

  /** Takes weights and statistics from safetensors. Every name and shape must fit, unless `partial`, which takes what does. */
  async load(bytes: Uint8Array, options: { readonly partial?: boolean; readonly fileName?: string } = {}): Promise<LoadResult> {
    this.throwIfBusy("load");
    checkOptions("trainer.load", options, ["partial", "fileName"]);
    return this.persistence.load(bytes, options.fileName ?? "weights", options.partial ?? false);
  }

  /** Everything that resuming needs: weights, moments, statistics and counters. */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    this.throwIfDisposed();
    return this.persistence.checkpoint(this.attempted);
  }

  /** Goes back to a checkpoint of a trainer with the same options: what follows is, bit for bit, what would have followed there. */
  async restore(bytes: Uint8Array, options: { readonly fileName?: string } = {}): Promise<void> {
    this.throwIfBusy("restore");
    checkOptions("trainer.restore", options, ["fileName"]);
    this.attempted = this.persistence.restore(bytes, options.fileName ?? "checkpoint");
  }

  private throwIfBusy(what: string): void {
    this.throwIfDisposed();
    if (this.running) throw new FathomError("argument", `trainer.${what}: a run is under way; let it end, or leave its loop, first`);
  }

  private throwIfDisposed(): void {
    if (this.disposed) throw new FathomError("disposed", "this trainer was disposed of; make another with gpu.train()");
    this.runtime.throwIfFailed();
  }

  /** Frees all that it holds on the GPU. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.endCurrent();
    for (const split of this.splits) split.dispose();
    this.evaluator.dispose();
    this.states.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
