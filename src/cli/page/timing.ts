/**
 * How long a step of each net takes, fairly: fresh trainers, warmed up, in turns (A B C, then C B A), so that what else the machine does falls on
 * all alike. A sample is a block of steps with one report at its end.
 */
import type { Dataset } from "../../data/index.ts";
import type { Engine } from "../../engine.ts";
import { parseExperiment, prepareExperiment } from "../../experiment/index.ts";
import type { Trainer } from "../../train/trainer.ts";
import { mirrored } from "../statistics.ts";
import type { Job, NetJob, PageEvent } from "../wire.ts";
import type { Post } from "./post.ts";
import { readerOf } from "./train.ts";

/** Firefox looks for finished work every 100 ms only: there a block must be long for that to be little. */
const FIREFOX_LENGTHENING = 4;
const WARM_UP_STEPS = 4;

interface Contestant {
  readonly name: string;
  readonly trainer: Trainer;
  readonly dataset: Dataset;
  steps: number;
}

export async function timeSteps(
  gpu: Engine,
  nets: readonly NetJob[],
  timing: NonNullable<Job["timing"]>,
  post: Post<PageEvent>,
): Promise<void> {
  const contestants: Contestant[] = [];
  const samples: Record<string, number[]> = {};
  const blockMilliseconds = timing.blockMilliseconds * (navigator.userAgent.includes("Firefox") ? FIREFOX_LENGTHENING : 1);
  try {
    for (const net of nets) {
      const { dataset, options } = await prepareExperiment(parseExperiment(net.experiment, net.name), readerOf(net));
      // What is not finite would end the run; here only time counts.
      const trainer = await gpu.train({ ...options, nonFinite: "ignore" });
      const contestant = { name: net.name, trainer, dataset, steps: WARM_UP_STEPS };
      contestants.push(contestant);
      samples[net.name] = [];
      await block(contestant);
      contestant.steps = Math.max(2, Math.round(blockMilliseconds / (await block(contestant))));
    }
    for (let round = 0; round < timing.rounds; round++) {
      for (const contestant of mirrored(contestants, round)) samples[contestant.name]!.push(await block(contestant));
      post.tell({ type: "timing", round: round + 1, rounds: timing.rounds });
    }
    post.tell({ type: "timed", stepsInBlock: Object.fromEntries(contestants.map(({ name, steps }) => [name, steps])), samples });
  } finally {
    for (const { trainer } of contestants) trainer.dispose();
  }
}

/** Milliseconds a step. */
async function block({ trainer, dataset, steps }: Contestant): Promise<number> {
  const started = performance.now();
  for await (const _ of trainer.run(dataset, { steps, every: steps }));
  return (performance.now() - started) / steps;
}
