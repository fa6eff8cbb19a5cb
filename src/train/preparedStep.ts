/** A step that is ready to be submitted, again and again: its program, the order of its data, and the numbers that it reads. */
import { show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { STEP } from "../ops/arena/layout.ts";
import { clipLimit } from "../optim/clip.ts";
import { noiseDeviation } from "../optim/noise.ts";
import { effectiveLambdas } from "../optim/regularizers.ts";
import type { RunSize } from "../optim/schedule.ts";
import { plateauWord } from "../optim/schedules/plateau.ts";
import { MOST_READS, type Stretch } from "./loop.ts";
import type { ResolvedOptions } from "./options.ts";
import { DataOrder } from "./order.ts";
import { RingReader } from "./ringReader.ts";
import type { Program, Runtime, StateBuffer } from "./runtime.ts";
import type { SplitOnGpu } from "./splitOnGpu.ts";
import { type CompiledStep, compileStep } from "./stepGraph.ts";
import type { TrainerStates } from "./trainerStates.ts";

export class PreparedStep {
  readonly split: SplitOnGpu;
  private readonly runtime: Runtime;
  private readonly options: ResolvedOptions;
  private readonly states: TrainerStates;
  private readonly order: DataOrder;
  private readonly permutation: StateBuffer | null;
  private readonly compiled: CompiledStep;
  private readonly programs: readonly Program[];
  private readonly reader: RingReader;
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
    compiled: CompiledStep,
  ) {
    this.runtime = runtime;
    this.options = options;
    this.states = states;
    this.split = split;
    this.order = order;
    this.permutation = permutation;
    this.compiled = compiled;
    this.programs = [compiled.program];
    this.reader = new RingReader(states);
    this.size = { samples: order.count, batchSize: order.batchSize };
    this.writeOrder = permutation && ((rows, offset) => permutation.write(rows, offset));
    this.writeConstants();
  }

  static async make(runtime: Runtime, options: ResolvedOptions, states: TrainerStates, split: SplitOnGpu): Promise<PreparedStep> {
    const { order: kind, batchSize, seed } = options;
    const order = new DataOrder(kind, split.split.count, batchSize, seed);
    const permutation = kind === "shuffled" ? runtime.state("permutation", "u32", order.size) : null;
    try {
      const compiled = await compileStep(runtime, options, states, split, permutation);
      return new PreparedStep(runtime, options, states, split, order, permutation, compiled);
    } catch (error) {
      permutation?.dispose();
      throw error;
    }
  }

  get program(): Program {
    return this.compiled.program;
  }

  /** The numbers that stay the same from step to step. */
  private writeConstants(): void {
    const { clip, regularizer, optimizer, seed } = this.options;
    const { words, floats } = this;
    const lambdas = regularizer ? effectiveLambdas(regularizer, this.order.count) : { l1: 0, l2: 0 };
    words[STEP.seed] = seed;
    floats[STEP.l2] = lambdas.l2;
    floats[STEP.l1] = lambdas.l1;
    floats[STEP.clipMax] = clipLimit(clip);
    floats[STEP.weightDecay] = optimizer.weightDecay;
  }

  /** Submits step `step`; with `read`, resolves with the records of those steps. */
  submit(step: number, read: Stretch | null): Promise<Uint32Array> | undefined {
    const { words, floats, order, reader } = this;
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
    const reading = this.runtime.submit(this.programs, read ? reader.range(read) : undefined);
    return read && reading ? reading.then((all) => reader.pick(all, read)) : undefined;
  }

  /** The records of steps that were submitted before. */
  async read(stretch: Stretch): Promise<Uint32Array> {
    const { offset, length } = this.reader.range(stretch);
    return this.reader.pick(await this.states.ring.read(offset, length), stretch);
  }

  /** Has the memory made that reading records takes, so that nothing is created while a run is under way. */
  async warmReads(): Promise<void> {
    const ranges = [1, 2].flatMap((count) => Array.from({ length: MOST_READS }, () => this.reader.range({ from: 0, count })));
    await Promise.all(ranges.map(({ offset, length }) => this.states.ring.read(offset, length)));
  }

  dispose(): void {
    this.permutation?.dispose();
    this.compiled.dispose();
  }
}
