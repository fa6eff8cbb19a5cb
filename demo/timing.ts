/** Times nets side by side in the worker: blocks of steps take turns, forwards and backwards, so that what else the machine does hits all alike. */
import { type Dataset, type Engine, parseExperiment, prepareExperiment, type Trainer } from "../src/index.ts";
import { readFrom } from "./dataFiles.ts";
import type { ToTime } from "./messages.ts";

const BLOCK_MILLISECONDS = 120;
const ROUNDS = 7;
const WARM_STEPS = 3;

interface Timed {
  readonly trainer: Trainer;
  readonly dataset: Dataset;
  /** Milliseconds per step of each block. */
  readonly blocks: number[];
}

/** The median time of a step of each, in milliseconds. */
export async function timeSideBySide(engine: Engine, experiments: readonly ToTime[]): Promise<number[]> {
  const nets: Timed[] = [];
  try {
    for (const { experiment, files } of experiments) {
      const { dataset, options } = await prepareExperiment(parseExperiment(experiment), (name) => readFrom(files, name));
      // A number that is not finite is no reason to stop a clock.
      const trainer = await engine.train({ ...options, nonFinite: "ignore" });
      nets.push({ trainer, dataset, blocks: [] });
      await trainer.prepare(dataset);
    }
    const steps = [];
    for (const net of nets) {
      await block(net, WARM_STEPS);
      steps.push(Math.max(2, Math.round(BLOCK_MILLISECONDS / (await block(net, WARM_STEPS)))));
    }
    for (let round = 0; round < ROUNDS; round++)
      for (let turn = 0; turn < nets.length; turn++) {
        const at = round % 2 === 0 ? turn : nets.length - 1 - turn;
        nets[at]!.blocks.push(await block(nets[at]!, steps[at]!));
      }
    return nets.map(({ blocks }) => blocks.sort((a, b) => a - b)[Math.floor(blocks.length / 2)]!);
  } finally {
    for (const { trainer } of nets) trainer.dispose();
  }
}

/** Milliseconds per step. */
async function block({ trainer, dataset }: Timed, steps: number): Promise<number> {
  const began = performance.now();
  for await (const _ of trainer.run(dataset, { steps, every: steps }));
  return (performance.now() - began) / steps;
}
