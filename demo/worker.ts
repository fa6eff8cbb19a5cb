/** The worker: opens the engine and does what the page says, one run at a time. */
import { type Engine, FathomError, open, parseExperiment } from "../src/index.ts";
import type { Failure, FromWorker, ToWorker } from "./messages.ts";
import { Training } from "./training.ts";

const post = (message: FromWorker, transfer: Transferable[] = []): void => self.postMessage(message, { transfer });

const failureOf = (error: unknown): Failure =>
  error instanceof FathomError
    ? { code: error.code, message: error.message }
    : { code: "internal", message: error instanceof Error ? error.message : String(error) };

/** What the schema says; nothing where all is well. */
function faultsOf(experiment: unknown): readonly string[] {
  try {
    parseExperiment(experiment);
    return [];
  } catch (error) {
    const faults = error instanceof FathomError ? error.details["faults"] : null;
    return Array.isArray(faults) ? faults.map(String) : [failureOf(error).message];
  }
}

let current: Training | null = null;
/** Runs follow one another: each frees what it holds before the next begins. */
let ended: Promise<void> = Promise.resolve();

const engine: Promise<Engine | null> = open().then(
  (opened) => {
    post({ type: "opened", adapter: opened.adapter.description, software: opened.adapter.class === "software" });
    return opened;
  },
  (error: unknown) => {
    post({ type: "unusable", ...failureOf(error) });
    return null;
  },
);

function start({ run, experiment, paused }: ToWorker & { readonly type: "start" }): void {
  current?.stop();
  const training = new Training(run, post, paused);
  current = training;
  ended = ended.then(async () => {
    const opened = await engine;
    if (!opened) return;
    try {
      await training.run(opened, experiment);
    } catch (error) {
      if (!training.stopped) post({ type: "failed", run, ...failureOf(error) });
    }
  });
}

self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case "start":
      return start(data);
    case "change":
      return current?.change(data.experiment);
    case "pause":
      return current?.pause();
    case "resume":
      return current?.resume();
    case "step":
      return current?.step();
    case "stop":
      return current?.stop();
    case "check":
      return post({ type: "checked", id: data.id, faults: faultsOf(data.experiment) });
  }
});
