/** Trains one net in the page: from the experiment to its reports, scores and weights. */
import { FathomError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Dataset } from "../../data/index.ts";
import type { Engine } from "../../engine.ts";
import { parseExperiment, prepareExperiment } from "../../experiment/index.ts";
import type { Trainer } from "../../train/trainer.ts";
import { errorFacts, type NetJob, type PageEvent, type Scores } from "../wire.ts";
import { fetchBytes, type Post } from "./post.ts";

export async function trainNet(gpu: Engine, net: NetJob, post: Post<PageEvent>): Promise<void> {
  const experiment = parseExperiment(net.experiment, net.name);
  const { dataset, options, run } = await prepareExperiment(experiment, readerOf(net));
  const trainer = await gpu.train(options);
  try {
    if (net.weightsUrl) await trainer.load(await fetchBytes(net.weightsUrl));
    await trainer.prepare(dataset);
    const parameters = trainer.parameters.reduce((count, { shape }) => count + sizeOf(shape), 0);
    const { steps } = run;
    post.tell({
      type: "compiled",
      net: net.name,
      counters: trainer.counters,
      parameters,
      steps,
      seed: experiment.seed,
      classes: dataset.classes,
    });
    const started = performance.now();
    let stopped = false;
    try {
      for await (const report of trainer.run(dataset, run)) post.tell({ type: "reports", net: net.name, reports: [report] });
    } catch (error) {
      // What is not finite ends this net, and is a result; anything else ends the job.
      if (!(error instanceof FathomError && error.code === "non-finite")) throw error;
      stopped = true;
      post.tell({ type: "stopped", net: net.name, error: errorFacts(error) });
    }
    const milliseconds = performance.now() - started;
    await post.send(`${net.name}/weights.safetensors`, await trainer.save());
    post.tell({ type: "trained", net: net.name, milliseconds, scores: stopped ? null : await scoresOf(trainer, dataset) });
  } finally {
    trainer.dispose();
  }
}

export function readerOf({ files }: NetJob): (path: string) => Promise<Uint8Array> {
  return (path) => {
    const url = files[path];
    if (url === undefined)
      throw new FathomError("experiment", `the experiment names the file ${JSON.stringify(path)}, which the command did not hand over`);
    return fetchBytes(url);
  };
}

async function scoresOf(trainer: Trainer, dataset: Dataset): Promise<Scores> {
  const train = await trainer.evaluate(dataset.train);
  const test = dataset.test ? await trainer.evaluate(dataset.test) : null;
  return { trainLoss: train.loss, trainAccuracy: train.accuracy, testLoss: test?.loss ?? null, testAccuracy: test?.accuracy ?? null };
}
