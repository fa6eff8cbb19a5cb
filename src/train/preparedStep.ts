/** A step that is ready to be submitted, again and again: its program, the order of its data, and the numbers that it reads. */
import { show } from "../core/check.ts";
import type { TypedArray } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { printGraph } from "../graph/node.ts";
import { STEP } from "../ops/arena/layout.ts";
import { clipLimit } from "../optim/clip.ts";
import { noiseDeviation } from "../optim/noise.ts";
import { effectiveLambdas } from "../optim/regularizers.ts";
import type { RunSize } from "../optim/schedule.ts";
import { plateauWord } from "../optim/schedules/plateau.ts";
import type { InsightWords } from "./insight.ts";
import { InsightReader } from "./insightRings.ts";
import { MOST_READS, type Stretch } from "./loop.ts";
import type { ResolvedOptions } from "./options.ts";
import { DataOrder } from "./order.ts";
import { RingReader } from "./ringReader.ts";
import type { Program, ProgramRequest, Runtime, StateBuffer, StatePart } from "./runtime.ts";
import type { SplitOnGpu } from "./splitOnGpu.ts";
import { type CompiledStep, compileStep } from "./stepGraph.ts";
import type { TrainerStates } from "./trainerStates.ts";

/** Which programs a run needs: steps that report no insight are not to pay for it. */
export interface Needed {
  readonly plain: boolean;
  readonly insight: boolean;
}

/** The records of a stretch of steps. */
export interface StepWords {
  readonly words: Uint32Array;
  /** Null where none of the steps has insight. */
  readonly insight: InsightWords | null;
}

export class PreparedStep {
  readonly split: SplitOnGpu;
  private readonly runtime: Runtime;
  private readonly options: ResolvedOptions;
  private readonly states: TrainerStates;
  private readonly order: DataOrder;
  private readonly permutation: StateBuffer | null;
  private plain: CompiledStep | null = null;
  private insight: CompiledStep | null = null;
  private plainPrograms: readonly Program[] = [];
  private insightPrograms: readonly Program[] = [];
  private readonly reader: RingReader;
  private readonly insightReader: InsightReader | null;
  /** The last step that had insight. */
  private lastInsight = -1;
  /** What the step reads, written once a step; the same memory every time. */
  private readonly words = new Uint32Array(STEP.words);
  private readonly floats = new Float32Array(this.words.buffer);
  private readonly size: RunSize;
  private readonly writeOrder: ((rows: Uint32Array, offset: number) => void) | null;

  private constructor(
    runtime: Runtime,
    options: ResolvedOptions,
    states: TrainerStates,
    split: SplitOnGpu,
    order: DataOrder,
    permutation: StateBuffer | null,
  ) {
    this.runtime = runtime;
    this.options = options;
    this.states = states;
    this.split = split;
    this.order = order;
    this.permutation = permutation;
    this.reader = new RingReader(states);
    this.size = { samples: order.count, batchSize: order.batchSize };
    this.insightReader = states.insight && new InsightReader(states.insight, states.slots);
    this.writeOrder = permutation && ((rows, offset) => permutation.write(rows, offset));
    this.writeConstants();
  }

  static async make(
    runtime: Runtime,
    options: ResolvedOptions,
    states: TrainerStates,
    split: SplitOnGpu,
    needed: Needed,
  ): Promise<PreparedStep> {
    const { order: kind, batchSize, seed } = options;
    const order = new DataOrder(kind, split.split.count, batchSize, seed);
    const permutation = kind === "shuffled" ? runtime.state("permutation", "u32", order.size) : null;
    const made = new PreparedStep(runtime, options, states, split, order, permutation);
    try {
      await made.ensure(needed);
      return made;
    } catch (error) {
      made.dispose();
      throw error;
    }
  }

  /** Compiles what is needed and not there yet. */
  async ensure({ plain, insight }: Needed): Promise<void> {
    const { runtime, options, states, split, permutation } = this;
    if (plain && !this.plain) {
      this.plain = await compileStep(runtime, options, states, split, permutation);
      this.plainPrograms = [this.plain.program];
    }
    if (insight && !this.insight) {
      this.insight = await compileStep(runtime, options, states, split, permutation, true);
      this.insightPrograms = [this.insight.program];
    }
  }

  /** That of steps without insight, where there are such. */
  get program(): Program {
    return (this.plain ?? this.insight)!.program;
  }

  /** What became of each repeat under depth fusion. */
  get notes(): readonly string[] {
    return (this.plain ?? this.insight)!.notes;
  }

  /** The graph of a step without insight, as text: traced anew, so that none has to be kept. */
  async graph(): Promise<string> {
    const { runtime, options, states, split, permutation } = this;
    let text = "";
    const nothing = { dispatches: 0, pipelines: 0, buffers: 0, bytes: 0, peakBytes: 0, compileMilliseconds: 0 };
    const printing: Runtime = Object.assign(Object.create(runtime) as Runtime, {
      compileProgram: async ({ assignments }: ProgramRequest): Promise<Program> => {
        text = printGraph(assignments.map(({ node }) => node));
        return { counters: nothing, print: () => text, dispose: () => {} };
      },
    });
    (await compileStep(printing, options, states, split, permutation)).dispose();
    return text;
  }

  /** That of steps with insight. */
  get insightProgram(): Program | null {
    return this.insight?.program ?? null;
  }

  /** The numbers that stay the same from step to step, until the options change. */
  writeConstants(): void {
    const { clip, regularizer, optimizer, seed } = this.options;
    const { words, floats } = this;
    const lambdas = regularizer ? effectiveLambdas(regularizer, this.order.count) : { l1: 0, l2: 0 };
    words[STEP.seed] = seed;
    floats[STEP.l2] = lambdas.l2;
    floats[STEP.l1] = lambdas.l1;
    floats[STEP.clipMax] = clipLimit(clip);
    floats[STEP.weightDecay] = optimizer.weightDecay;
  }

  /** Submits step `step`, which is reported or not; with `read`, resolves with the records of those steps. */
  submit(step: number, read: Stretch | null, reported: boolean): Promise<StepWords> | undefined {
    const { words, floats, order } = this;
    const { learningRate } = this.options.optimizer;
    const rate = learningRate(step, this.size);
    if (!(rate >= 0 && rate < Infinity))
      throw new FathomError(
        "argument",
        `trainer.run: the schedule gives ${show(rate)} for step ${step}; a learning rate is a finite number from 0`,
      );
    if (this.writeOrder) order.prepare(step, this.writeOrder);
    words[STEP.attemptedStep] = step;
    words[STEP.batchStart] = order.start(step);
    floats[STEP.learningRate] = rate;
    floats[STEP.noiseDeviation] = noiseDeviation(this.options.gradientNoise, step);
    words[STEP.plateau] = plateauWord(learningRate, step, this.size);
    this.states.step.write(words);
    const insight = this.options.insight;
    const observed = reported && insight !== null && step % insight.every === 0;
    if (observed) this.lastInsight = step;
    const programs = observed ? this.insightPrograms : this.plainPrograms;
    if (!read) {
      void this.runtime.submit(programs);
      return undefined;
    }
    return this.runtime.submit(programs, this.ranges(read))!.then((all) => this.pick(all, read));
  }

  /** Whether a stretch of steps that ends with the last one has insight. */
  private hasInsight({ from }: Stretch): boolean {
    return this.lastInsight >= from;
  }

  private ranges(stretch: Stretch): StatePart[] {
    const insight = this.hasInsight(stretch) ? this.insightReader!.ranges(stretch) : [];
    return [this.reader.range(stretch), ...insight];
  }

  private pick([words, ...insight]: readonly TypedArray[], stretch: Stretch): StepWords {
    return {
      words: this.reader.pick(words!, stretch),
      insight: insight.length > 0 ? this.insightReader!.pick(insight, stretch) : null,
    };
  }

  /** The records of steps that were submitted before. */
  async read(stretch: Stretch): Promise<StepWords> {
    const parts = this.ranges(stretch).map(({ state, offset, length }) => state.read(offset, length));
    return this.pick(await Promise.all(parts), stretch);
  }

  /** Has the memory made that reading records takes, so that nothing is created while a run is under way. */
  async warmReads(): Promise<void> {
    const ranges = [1, 2].flatMap((count) => {
      const stretch = { from: 0, count };
      const all = [this.reader.range(stretch), ...(this.insightReader?.ranges(stretch) ?? [])];
      return Array.from({ length: MOST_READS }, () => all).flat();
    });
    await Promise.all(ranges.map(({ state, offset, length }) => state.read(offset, length)));
  }

  dispose(): void {
    this.permutation?.dispose();
    this.plain?.dispose();
    this.insight?.dispose();
  }
}
