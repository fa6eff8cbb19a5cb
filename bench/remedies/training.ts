/** A training run as a contestant: made of an experiment, on an engine of its own, so that its compile time is that of a cold start. */
import type { Spread } from "../../src/cli/statistics.ts";
import { type Engine, parseExperiment, prepareExperiment } from "../../src/index.ts";
import { gpuStepMilliseconds } from "../gpuTime.ts";
import type { Contestant, Facts, Prepared } from "../measure.ts";
import type { SuiteContext } from "../suite.ts";
import { number } from "../table.ts";
import type { ExperimentJson } from "./plainNet.ts";

export type TrainingContestant = Omit<Contestant, "prepare"> & {
  readonly experiment: ExperimentJson;
  /** Steps whose reports are read; left out: the last of a sample alone. */
  readonly every?: number | undefined;
};

/** `shared`: an engine that others use too; compile times are then what was not compiled yet. */
export function trainingContestant(
  { experiment, every, ...rest }: TrainingContestant,
  { open }: Pick<SuiteContext, "open">,
  shared: Engine | null = null,
): Contestant {
  return {
    ...rest,
    async prepare() {
      const gpu = shared ?? (await open());
      const close = (): void => (shared ? undefined : gpu.dispose());
      try {
        return await prepareOn(gpu, experiment, every, close);
      } catch (error) {
        close();
        throw error;
      }
    },
  };
}

async function prepareOn(gpu: Engine, experiment: ExperimentJson, every: number | undefined, close: () => void): Promise<Prepared> {
  const { dataset, options } = await prepareExperiment(parseExperiment(experiment));
  const trainer = await gpu.train(options);
  const started = performance.now();
  await trainer.prepare(dataset);
  const compileMilliseconds = performance.now() - started;
  const run = async (steps: number): Promise<void> => {
    for await (const _ of trainer.run(dataset, { steps, every: every ?? steps }));
  };
  const facts = async (): Promise<Facts> => {
    const { dispatches, pipelines, peakBytes } =
      options.insight?.every === 1 ? (trainer.insightCounters ?? trainer.counters) : trainer.counters;
    const onGpu = await gpuStepMilliseconds(gpu.device, run);
    return {
      dispatches,
      pipelines,
      bytes: gpu.counters.bytes,
      "peak bytes of the step": peakBytes,
      parameters: trainer.parameters.reduce((sum, { shape }) => sum + shape.reduce((size, axis) => size * axis, 1), 0),
      ...(onGpu && { "GPU ms": onGpu.median, "quartiles of GPU ms": quartilesText(onGpu) }),
    };
  };
  return {
    run,
    compileMilliseconds,
    facts,
    dispose() {
      trainer.dispose();
      close();
    },
  };
}

const quartilesText = ({ lowerQuartile, upperQuartile, count }: Spread): string =>
  `${number(lowerQuartile)} to ${number(upperQuartile)} (${count} steps)`;
