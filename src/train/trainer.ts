/** The trainer: a model, its parameters on the GPU, and the ways to run, look at, save and resume it. */
import { checkInteger, checkOptions, show } from "../core/check.ts";
import { FathomError, throwIfAborted } from "../core/errors.ts";
import { checkDataset, checkSplit, type Dataset, type Split } from "../data/dataset.ts";
import type { LoadResult } from "../io/checkpoint.ts";
import type { Role } from "../nn/module.ts";
import { COUNTERS } from "../ops/arena/layout.ts";
import { checkGroups, type ParameterGroup } from "../optim/groups.ts";
import { type Adjustment, adjusted } from "./adjust.ts";
import { Control } from "./control.ts";
import { type EvaluateOptions, type Evaluation, Evaluator } from "./evaluation.ts";
import type { InsightWords } from "./insight.ts";
import { type LoopHost, trainingLoop } from "./loop.ts";
import { type ResolvedOptions, resolveOptions, type TrainerOptions } from "./options.ts";
import type { Persistence } from "./persistence.ts";
import { type Needed, PreparedStep, type StepWords } from "./preparedStep.ts";
import { decodeRecord, firstBad, type NonFinite, nonFiniteError, type Report } from "./report.ts";
import type { Program, ProgramCounters, Runtime } from "./runtime.ts";
import { SplitCache } from "./splitCache.ts";
import { checkTargets, type SplitOnGpu } from "./splitOnGpu.ts";
import { createStates, regroup, type TrainerStates } from "./trainerStates.ts";

export type { Adjustment } from "./adjust.ts";
export type { Evaluation } from "./evaluation.ts";
export type { ActivationInsight, HistogramInsight, Insight, InsightOptions, ParameterInsight } from "./insight.ts";
export type { NonFinitePolicy, TrainerOptions } from "./options.ts";
export type { AuxiliaryReport, LayerReport, Report } from "./report.ts";

export interface RunOptions {
  /** Updates that this run makes. */
  readonly steps: number;
  /** Reports come of the steps that this divides, and of the last; default 1. */
  readonly every?: number;
  readonly signal?: AbortSignal;
}

export interface LoadOptions {
  /** Whether names may be missing in the file or in the model; default false. */
  readonly partial?: boolean;
  /** What a tensor of the file is called in this model; null leaves it out. */
  readonly rename?: (name: string) => string | null;
  /** What errors call the file. */
  readonly fileName?: string;
}

export interface ParameterInfo {
  readonly name: string;
  readonly role: Role;
  readonly shape: readonly number[];
}

/** Makes a trainer: `await gpu.train({ model, loss, batchSize, optimizer })`. */
export async function createTrainer(runtime: Runtime, options: TrainerOptions): Promise<Trainer> {
  const resolved = resolveOptions(options);
  return new Trainer(runtime, resolved, createStates(runtime, resolved));
}

export class Trainer {
  private readonly runtime: Runtime;
  private readonly options: ResolvedOptions;
  private readonly states: TrainerStates;
  private readonly evaluator: Evaluator;
  /** Loaded when something is first saved or taken. */
  private persistence: Promise<Persistence> | null = null;
  private readonly control = new Control();
  private readonly splits: SplitCache;
  /** For the data set that was trained on last. */
  private current: PreparedStep | null = null;
  private preparing: Promise<void> = Promise.resolve();
  private running = false;
  private disposed = false;
  private warmed = false;
  private attempted = 0;
  /** Whether the weights are as they were drawn: not trained, not loaded, and not scaled by data. */
  private drawn = true;
  /** Steps of a paused run that someone waits for. */
  private readonly singleSteps: {
    readonly step: number;
    readonly resolve: (report: Report) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  constructor(runtime: Runtime, options: ResolvedOptions, states: TrainerStates) {
    this.runtime = runtime;
    this.options = options;
    this.states = states;
    this.evaluator = new Evaluator(runtime, options, states);
    this.splits = new SplitCache(runtime);
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

  /** Numbers of the plan of a step with insight; null where there is none, or none yet. */
  get insightCounters(): ProgramCounters | null {
    return this.current?.insightProgram?.counters ?? null;
  }

  /** The step's plan as text, and what became of each repeat under depth fusion. */
  get plan(): string {
    return [this.stepProgram().print(), ...this.current!.notes].join("\n");
  }

  /** The step's graph as text, a node a line: what the plan was made from. */
  async graph(): Promise<string> {
    this.throwIfDisposed();
    this.stepProgram();
    return this.current!.graph();
  }

  private stepProgram(): Program {
    const program = this.current?.program;
    if (!program)
      throw new FathomError("argument", "trainer: there is no plan yet; it is made for a data set, by run(dataset, …) or prepare(dataset)");
    return program;
  }

  /** Compiles the step for a data set and brings its training part to the GPU; `run` does it where it was not done. */
  async prepare(dataset: Dataset): Promise<void> {
    this.throwIfBusy("prepare");
    await this.compileFor(dataset, this.whole);
  }

  /** Every program that a run may take. */
  private get whole(): Needed {
    const { insight } = this.options;
    return { plain: insight?.every !== 1, insight: insight !== null };
  }

  private compileFor(dataset: Dataset, needed: Needed): Promise<void> {
    return this.oneByOne(() => this.compileNow(dataset, needed));
  }

  /** One after another: the second of two calls finds what the first has made. */
  private oneByOne(make: () => Promise<void>): Promise<void> {
    const made = this.preparing.then(make);
    this.preparing = made.catch(() => {});
    return made;
  }

  private async compileNow(dataset: Dataset, needed: Needed): Promise<void> {
    this.throwIfDisposed();
    checkDataset("train", dataset);
    checkTargets(this.options.loss, dataset.train);
    const split = this.splits.of(dataset.train, dataset.sampleShape, this.current?.split ?? null);
    if (this.current?.split === split) return this.current.ensure(needed);
    await this.compileSplit(split, needed);
  }

  private async compileSplit(split: SplitOnGpu, needed: Needed): Promise<void> {
    this.current?.dispose();
    this.current = null;
    const made = await PreparedStep.make(this.runtime, this.options, this.states, split, needed);
    if (this.disposed) made.dispose();
    else this.current = made;
    this.throwIfDisposed();
    await this.initialize(split);
    if (!this.warmed) await made.warmReads();
    this.warmed = true;
  }

  /** What an initialisation by data does to weights that were only drawn yet: once, with the first data set. */
  private async initialize(split: SplitOnGpu): Promise<void> {
    const { initialization } = this.options;
    if (!this.drawn || initialization?.type !== "lsuv") return;
    try {
      const { layerSequentialUnitVariance } = await import("./lsuv.ts");
      await layerSequentialUnitVariance(this.runtime, this.options, this.states, split, initialization);
    } catch (error) {
      this.current?.dispose();
      this.current = null;
      throw error;
    }
    this.throwIfDisposed();
    this.drawn = false;
  }

  /**
   * Other groups than those of the options, from the next step on: for nets that are trained in turn, or layers that thaw one after another.
   * Factors are data; a parameter that is frozen or thawed takes a new plan, which is made here. What the optimizer keeps of a frozen
   * parameter stays as it is.
   */
  async setGroups(groups: readonly ParameterGroup[]): Promise<void> {
    this.throwIfBusy("setGroups");
    checkGroups("trainer.setGroups", groups);
    await this.oneByOne(async () => {
      this.throwIfBusy("setGroups");
      if (regroup("trainer.setGroups", this.states, this.options.optimizer, groups) && this.current)
        await this.compileSplit(this.current.split, this.whole);
    });
  }

  /**
   * Another learning rate, clip or regulariser, from the next step on; resolves with that step's number. Other numbers of the same form are data:
   * they may be given while a run is under way, which goes on. Another kind of clip, adaptive clips and plateaus, and a regulariser that comes or
   * goes take a new plan, which is made here while no run is under way. Weights, moments and counters stay.
   */
  async adjust(change: Adjustment): Promise<number> {
    this.throwIfDisposed();
    const { next, needsPlan } = adjusted("trainer.adjust", this.options, change);
    if (!needsPlan) {
      Object.assign(this.options, next);
      this.current?.writeConstants();
      return this.attempted;
    }
    this.throwIfBusy("adjust");
    await this.oneByOne(async () => {
      this.throwIfBusy("adjust");
      Object.assign(this.options, next);
      if (next.clip?.type === "adaptive") this.states.addRows();
      if (this.current) await this.compileSplit(this.current.split, this.whole);
    });
    return this.attempted;
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
    const { slots, arena, reported, collected } = this.states;
    const heads = collected.auxiliaries.map(({ name }) => name);
    try {
      const insight = this.options.insight;
      await this.compileFor(dataset, { plain: insight === null || every * insight.every > 1, insight: insight !== null });
      const loop = trainingLoop(this.host(), { first: this.attempted, steps, every, slots, control: this.control, signal });
      for await (const { words: read, indices } of loop)
        for (const index of indices) {
          const { report: plain, stopped } = decodeRecord(read.words, index, reported, heads);
          const report = read.insight ? await this.withInsight(plain, read.insight, index) : plain;
          if (stopped) {
            const bad = await this.recover(loop);
            if (report.step === bad.step) yield report;
            throw nonFiniteError(bad, this.states.layerNames, arena.segments, heads);
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

  private async withInsight(report: Report, words: InsightWords, index: number): Promise<Report> {
    const { options, states } = this;
    if (!options.insight || report.step % options.insight.every !== 0) return report;
    const layout = {
      segments: states.arena.segments,
      activations: states.activations,
      asked: options.insight,
      batchSize: options.batchSize,
    };
    const norms = report.layers.map(({ gradientNorm }) => gradientNorm);
    const { decodeInsight } = await import("./decodeInsight.ts");
    const insight = decodeInsight(words, index, report.step, layout, norms);
    return insight ? { ...report, insight } : report;
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

  private host(): LoopHost<StepWords> {
    const step = this.current!;
    return {
      submit: (number, read, reported) => {
        const reading = step.submit(number, read, reported);
        this.attempted = number + 1;
        return reading;
      },
      read: (stretch) => step.read(stretch),
      settled: () => this.runtime.settled(),
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
    const shape = options.sampleShape ?? this.sampleShape(split);
    return this.evaluator.evaluate(() => this.splits.of(split, shape, this.current?.split ?? null), options.signal);
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
    return (await this.files()).save();
  }

  /**
   * Takes weights and statistics from safetensors. Every name must fit, unless `partial`, which takes those that do; a shape must always. With
   * `rename` a shallow net can start a deeper one (Simonyan and Zisserman, 2015): it says what a tensor of the file is called here, or null.
   */
  async load(bytes: Uint8Array, options: LoadOptions = {}): Promise<LoadResult> {
    this.throwIfBusy("load");
    checkOptions("trainer.load", options, ["partial", "rename", "fileName"]);
    const { partial = false, rename, fileName = "weights" } = options;
    if (rename !== undefined && typeof rename !== "function")
      throw new FathomError(
        "argument",
        `trainer.load: rename is ${show(rename)}; pass a function such as (name) => name.replace("4.", "8.")`,
      );
    const files = await this.files();
    this.throwIfBusy("load");
    const result = await files.load(bytes, fileName, partial, rename);
    this.drawn = false;
    return result;
  }

  /** Everything that resuming needs: weights, moments, statistics and counters. */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    this.throwIfDisposed();
    const files = await this.files();
    return files.checkpoint(this.attempted);
  }

  /** Goes back to a checkpoint of a trainer with the same options: what follows is, bit for bit, what would have followed there. */
  async restore(bytes: Uint8Array, options: { readonly fileName?: string } = {}): Promise<void> {
    this.throwIfBusy("restore");
    checkOptions("trainer.restore", options, ["fileName"]);
    const files = await this.files();
    this.throwIfBusy("restore");
    const before = this.states.depthChoice;
    this.attempted = files.restore(bytes, options.fileName ?? "checkpoint");
    this.drawn = false;
    const { depthChoice } = this.states;
    if (!this.current || JSON.stringify(depthChoice) === JSON.stringify(before)) return;
    await this.oneByOne(() => this.compileSplit(this.current!.split, this.whole));
  }

  private files(): Promise<Persistence> {
    this.persistence ??= import("./persistence.ts").then((module) => new module.Persistence(this.runtime, this.options, this.states));
    return this.persistence;
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
    this.current?.dispose();
    this.splits.dispose();
    this.evaluator.dispose();
    this.states.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
