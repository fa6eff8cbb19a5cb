/** Saving and loading: between a trainer's states and the files of io/checkpoint. */
import { show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import {
  type CheckpointFacts,
  decodeCheckpoint,
  decodeWeights,
  encodeCheckpoint,
  encodeWeights,
  type KeptTensor,
  keptName,
  type LoadResult,
  type ModelTensor,
  type ModelValues,
  type Rename,
} from "../io/checkpoint.ts";
import { momentNames } from "../optim/optimizers.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import { bufferNames } from "./statistics.ts";
import type { TrainerStates } from "./trainerStates.ts";

export class Persistence {
  private readonly runtime: Pick<Runtime, "adapter" | "tuning">;
  private readonly options: ResolvedOptions;
  private readonly states: TrainerStates;
  private readonly tensors: readonly ModelTensor[];
  /** What the optimizer keeps, and where each lies in the state "moments"; elements. */
  private readonly kept: readonly (KeptTensor & { readonly offset: number; readonly size: number })[];
  /** What a batch-norm had counted when its file was loaded; the trainer's own count of updates comes on top. */
  private readonly counted = new Map<string, number>();

  constructor(runtime: Pick<Runtime, "adapter" | "tuning">, options: ResolvedOptions, states: TrainerStates) {
    this.runtime = runtime;
    this.options = options;
    this.states = states;
    const { arena, collected, runningLayout } = states;
    this.kept = arena.segments.flatMap((segment) =>
      momentNames(options.optimizer, segment).map((name, index) => ({
        name,
        parameter: segment.name,
        offset: index * arena.size + segment.offset,
        size: segment.size,
      })),
    );
    const parameters = collected.parameters.map(({ name, aliases, shape }): ModelTensor => ({ name, aliases, shape, kind: "f32" }));
    const buffers = runningLayout.segments.flatMap(({ path, features }): ModelTensor[] => {
      const names = bufferNames(path);
      return [
        { name: names.mean, aliases: [], shape: [features], kind: "f32" },
        { name: names.variance, aliases: [], shape: [features], kind: "f32" },
        { name: names.count, aliases: [], shape: [], kind: "count" },
      ];
    });
    this.tensors = [...parameters, ...buffers];
  }

  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return encodeWeights(this.tensors, (await this.readAll()).values);
  }

  /** One moment: all reads are encoded before anything else can be submitted. */
  private async readAll(): Promise<{ values: ModelValues; kept: ReadonlyMap<string, Float32Array>; counters: Uint32Array }> {
    const { states } = this;
    const { runningLayout } = states;
    const [parameters, moments, running, counters] = (await Promise.all([
      states.parameters.read(),
      states.moments?.read() ?? new Float32Array(0),
      states.running.read(),
      states.counters.read(),
    ])) as [Float32Array, Float32Array, Float32Array, Uint32Array];
    const values = new Map<string, Float32Array | number>(named(states, parameters));
    for (const { path, features, mean, variance } of runningLayout.segments) {
      const names = bufferNames(path);
      values.set(names.mean, running.slice(mean, mean + features));
      values.set(names.variance, running.slice(variance, variance + features));
      values.set(names.count, (this.counted.get(path) ?? 0) + counters[0]!);
    }
    const kept = new Map(this.kept.map((own) => [keptName(own), moments.slice(own.offset, own.offset + own.size)]));
    return { values, kept, counters };
  }

  async load(bytes: Uint8Array, fileName: string, partial: boolean, rename?: Rename): Promise<LoadResult> {
    const { values, result } = decodeWeights(bytes, fileName, this.tensors, partial, rename);
    const counters = await this.states.counters.read();
    this.write(values, counters[0]!);
    return result;
  }

  /** `applied`: the updates at which the trainer's own counter stands. */
  private write(values: ModelValues, applied: number): void {
    const { arena, parameters, running, runningLayout } = this.states;
    for (const { name, offset, size } of arena.segments) {
      const value = values.get(name) as Float32Array | undefined;
      if (value && size > 0) parameters.write(value, offset);
    }
    for (const { path, mean, variance } of runningLayout.segments) {
      const names = bufferNames(path);
      const [means, variances, count] = [values.get(names.mean), values.get(names.variance), values.get(names.count)];
      if (means) running.write(means as Float32Array, mean);
      if (variances) running.write(variances as Float32Array, variance);
      if (count !== undefined) this.counted.set(path, (count as number) - applied);
    }
  }

  async checkpoint(attemptedStep: number): Promise<Uint8Array<ArrayBuffer>> {
    const facts = {
      ...this.binding(),
      adapter: this.runtime.adapter.description,
      tuning: this.runtime.tuning,
      attemptedStep,
      depthFusion: this.states.depthChoice,
      optimizer: { ...this.options.optimizer, learningRate: this.options.optimizer.learningRate.description },
    };
    const { values, kept, counters } = await this.readAll();
    return encodeCheckpoint(this.tensors, values, this.kept, { kept, counters, facts });
  }

  /** What must be equal for a resumed run to equal an uninterrupted one. The rest, such as the learning rate, may be changed on purpose. */
  private binding(): Record<string, unknown> {
    const { seed, batchSize, order, optimizer, loss } = this.options;
    return { seed, batchSize, order, optimizerType: optimizer.type, loss: loss.name };
  }

  /** On the same adapter a run goes on bit for bit only with the same tiles; on another one it cannot. */
  private checkTuning({ adapter, tuning = null }: CheckpointFacts, fileName: string): void {
    const own = this.runtime;
    if (adapter !== own.adapter.description || JSON.stringify(tuning) === JSON.stringify(own.tuning)) return;
    throw new FathomError(
      "argument",
      `${fileName}: was made ${tuning ? "with other measured tiles" : "without measured tiles"} on this adapter, so a resumed run would not equal an uninterrupted one; ${tuning ? "open the engine with open({ tuning }), the tuning in this error's details" : "open the engine without a tuning"}, or take only the weights`,
      { details: { tuning } },
    );
  }

  /** Returns the step to go on with. */
  restore(bytes: Uint8Array, fileName: string): number {
    const { states } = this;
    const { values, state } = decodeCheckpoint(bytes, fileName, this.tensors, this.kept, (facts) => {
      for (const [key, value] of Object.entries(this.binding()))
        if (facts[key] !== value)
          throw new FathomError(
            "argument",
            `${fileName}: was made with ${key} ${show(facts[key])}, and this trainer has ${show(value)}; make the trainer with the same, or take only the weights`,
          );
      this.checkTuning(facts, fileName);
    });
    this.write(values, state.counters[0]!);
    states.counters.write(state.counters);
    if (states.moments) {
      const moments = new Float32Array(states.moments.size);
      for (const own of this.kept) moments.set(state.kept.get(keptName(own))!, own.offset);
      states.moments.write(moments);
    }
    // Sums of stacks are made in another order: a trainer that may choose follows what the checkpoint's had chosen.
    states.depthChoice = (state.facts["depthFusion"] as TrainerStates["depthChoice"] | undefined) ?? states.depthChoice;
    return state.facts.attemptedStep;
  }
}

/** The arena's segments by name. */
function named({ arena }: TrainerStates, values: Float32Array): [string, Float32Array][] {
  return arena.segments.map(({ name, offset, size }) => [name, values.slice(offset, offset + size)]);
}
