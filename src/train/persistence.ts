/** Saving and loading: between a trainer's states and the files of io/checkpoint. */
import { show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import {
  decodeCheckpoint,
  decodeWeights,
  encodeCheckpoint,
  encodeWeights,
  type LoadResult,
  type ModelTensor,
  type ModelValues,
} from "../io/checkpoint.ts";
import type { ResolvedOptions } from "./options.ts";
import { bufferNames } from "./statistics.ts";
import type { TrainerStates } from "./trainerStates.ts";

export class Persistence {
  private readonly options: ResolvedOptions;
  private readonly states: TrainerStates;
  private readonly tensors: readonly ModelTensor[];
  private readonly parameterNames: readonly string[];
  /** What a batch-norm had counted when its file was loaded; the trainer's own count of updates comes on top. */
  private readonly counted = new Map<string, number>();

  constructor(options: ResolvedOptions, states: TrainerStates) {
    this.options = options;
    this.states = states;
    const { collected, runningLayout } = states;
    this.parameterNames = collected.parameters.map(({ name }) => name);
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
  private async readAll(): Promise<{ values: ModelValues; moments: ReadonlyMap<string, Float32Array>[]; counters: Uint32Array }> {
    const { states } = this;
    const { arena, runningLayout } = states;
    const [parameters, moments, running, counters] = (await Promise.all([
      states.parameters.read(),
      states.moments?.read() ?? new Float32Array(0),
      states.running.read(),
      states.counters.read(),
    ])) as [Float32Array, Float32Array, Float32Array, Uint32Array];
    const values = new Map<string, Float32Array | number>(named(this.states, parameters, 0));
    for (const { path, features, mean, variance } of runningLayout.segments) {
      const names = bufferNames(path);
      values.set(names.mean, running.slice(mean, mean + features));
      values.set(names.variance, running.slice(variance, variance + features));
      values.set(names.count, (this.counted.get(path) ?? 0) + counters[0]!);
    }
    const momentMaps = Array.from({ length: states.momentCount }, (_, index) => new Map(named(states, moments, index * arena.size)));
    return { values, moments: momentMaps, counters };
  }

  async load(bytes: Uint8Array, fileName: string, partial: boolean): Promise<LoadResult> {
    const { values, result } = decodeWeights(bytes, fileName, this.tensors, partial);
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
      attemptedStep,
      optimizer: { ...this.options.optimizer, learningRate: this.options.optimizer.learningRate.description },
    };
    const { values, moments, counters } = await this.readAll();
    return encodeCheckpoint(this.tensors, values, { moments, counters, facts });
  }

  /** What must be equal for a resumed run to equal an uninterrupted one. The rest, such as the learning rate, may be changed on purpose. */
  private binding(): Record<string, unknown> {
    const { seed, batchSize, order, optimizer, loss } = this.options;
    return { seed, batchSize, order, optimizerType: optimizer.type, loss: loss.name };
  }

  /** Returns the step to go on with. */
  restore(bytes: Uint8Array, fileName: string): number {
    const { states } = this;
    const { values, state } = decodeCheckpoint(bytes, fileName, this.tensors, this.parameterNames, states.momentCount);
    for (const [key, value] of Object.entries(this.binding()))
      if (state.facts[key] !== value)
        throw new FathomError(
          "argument",
          `${fileName}: was made with ${key} ${show(state.facts[key])}, and this trainer has ${show(value)}; make the trainer with the same, or take only the weights`,
        );
    this.write(values, state.counters[0]!);
    states.counters.write(state.counters);
    for (const [index, moment] of state.moments.entries()) {
      const all = new Float32Array(states.arena.size);
      for (const { name, offset } of states.arena.segments) all.set(moment.get(name)!, offset);
      states.moments!.write(all, index * states.arena.size);
    }
    return state.facts.attemptedStep;
  }
}

/** The arena's segments by name, from `base` on. */
function named({ arena }: TrainerStates, values: Float32Array, base: number): [string, Float32Array][] {
  return arena.segments.map(({ name, offset, size }) => [name, values.slice(base + offset, base + offset + size)]);
}
