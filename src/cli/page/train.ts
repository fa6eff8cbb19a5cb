/** Trains one net in the page: from the experiment to its reports, scores and weights. */
import { FathomError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Dataset } from "../../data/index.ts";
import type { Engine } from "../../engine.ts";
import { type PreparedExperiment, parseExperiment, prepareExperiment } from "../../experiment/index.ts";
import type { Trainer } from "../../train/trainer.ts";
import { checkpointName, errorFacts, type NetJob, type PageEvent, type Scores } from "../wire.ts";
import { fetchBytes, type Post } from "./post.ts";
import { Stretches } from "./stretches.ts";

export async function trainNet(gpu: Engine, net: NetJob, post: Post<PageEvent>, interrupted: AbortSignal): Promise<void> {
  const experiment = parseExperiment(net.experiment, net.name);
  const { dataset, options, run } = await prepareExperiment(experiment, readerOf(net));
  const trainer = await gpu.train(options);
  try {
    if (net.weightsUrl) await trainer.load(await fetchBytes(net.weightsUrl));
    if (net.resumeUrl) await trainer.restore(await fetchBytes(net.resumeUrl));
    await trainer.prepare(dataset);
    post.tell({
      type: "compiled",
      net: net.name,
      counters: trainer.counters,
      parameters: trainer.parameters.reduce((count, { shape }) => count + sizeOf(shape), 0),
      roles: Object.fromEntries(trainer.parameters.map(({ name, role }) => [name, role])),
      steps: run.steps,
      first: trainer.attemptedStep,
      seed: experiment.seed,
      classes: dataset.classes,
    });
    const started = performance.now();
    const milliseconds = (): number => performance.now() - started;
    const save = async (): Promise<void> => {
      if (net.checkpointEvery === null) return;
      await post.send(checkpointName(net.name, trainer.attemptedStep, milliseconds()), await trainer.checkpoint());
    };
    const end = await runInStretches(trainer, dataset, run, net, { post, save, signal: interrupted });
    if (end === "interrupted") {
      await save();
      post.tell({ type: "interrupted", net: net.name, step: trainer.attemptedStep });
      return;
    }
    const taken = milliseconds();
    await post.send(`${net.name}/weights.safetensors`, await trainer.save());
    post.tell({ type: "trained", net: net.name, milliseconds: taken, scores: end === "done" ? await scoresOf(trainer, dataset) : null });
  } finally {
    trainer.dispose();
  }
}

interface Around {
  readonly post: Post<PageEvent>;
  readonly save: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** To the last step, with a checkpoint after each stretch; what is not finite ends this net and is a result, anything else ends the job. */
async function runInStretches(
  trainer: Trainer,
  dataset: Dataset,
  { steps, every }: PreparedExperiment["run"],
  { name, checkpointEvery }: NetJob,
  { post, save, signal }: Around,
): Promise<"done" | "stopped" | "interrupted"> {
  const stretches = checkpointEvery === null ? null : new Stretches(checkpointEvery);
  try {
    while (trainer.attemptedStep < steps) {
      if (signal.aborted) return "interrupted";
      const left = steps - trainer.attemptedStep;
      const count = Math.min(left, stretches?.next ?? left);
      const began = performance.now();
      // A stretch reports its last step too, which is no monitored one for that.
      for await (const report of trainer.run(dataset, { steps: count, every, signal }))
        if (report.step % every === 0 || report.step === steps - 1) post.tell({ type: "reports", net: name, reports: [report] });
      stretches?.took(count, performance.now() - began);
      await save();
    }
    return "done";
  } catch (error) {
    if (error instanceof FathomError && error.code === "aborted" && signal.aborted) return "interrupted";
    if (!(error instanceof FathomError && error.code === "non-finite")) throw error;
    post.tell({ type: "stopped", net: name, error: errorFacts(error) });
    return "stopped";
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
