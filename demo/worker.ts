/** The worker: opens the engine and does what the page says, one run at a time. */
import { type Engine, FathomError, open as openEngine, parseExperiment } from "../src/index.ts";
import type { Failure, FromWorker, OpenedFiles, ToWorker } from "./messages.ts";
import { reasonOf } from "./missing.ts";
import { Snapshots } from "./snapshots.ts";
import { Training } from "./training.ts";

const post = (message: FromWorker, transfer: Transferable[] = []): void => self.postMessage(message, { transfer });

const failureOf = (error: unknown): Failure =>
  error instanceof FathomError ? { code: error.code, message: error.message } : { code: "internal", message: reasonOf(error) };

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

async function fetchAhead(): Promise<void> {
  const { PIECES } = await import("./pieces.ts");
  // One by one, for they are in no hurry. What cannot be had now is asked for again when it is wanted.
  for (const piece of PIECES.split(" "))
    if (piece.endsWith(".js")) await import(/* @vite-ignore */ new URL(piece, self.location.href).href).catch(() => {});
}

const snapshots = new Snapshots();
const LOOK_AGAIN = 1500;

/** Runs that ended in their middle; none where the browser keeps nothing. */
async function tellKept(again: boolean): Promise<void> {
  try {
    const { idle, held } = await snapshots.list();
    post({ type: "kept", runs: idle.filter(({ id }) => id !== current?.id), keeps: true });
    if (held && again) setTimeout(() => void tellKept(false), LOOK_AGAIN);
  } catch {
    // A browser that forgets on purpose.
    post({ type: "kept", runs: [], keeps: false });
  }
}

let current: Training | null = null;
void tellKept(true);
let queue: Promise<void> = Promise.resolve();
/** The last run has freed what it held. */
let freed: Promise<void> = Promise.resolve();

const engine: Promise<Engine | null> = openEngine().then(
  (opened) => {
    post({ type: "opened", adapter: opened.adapter.description, software: opened.adapter.class === "software" });
    return opened;
  },
  (error: unknown) => {
    post({ type: "unusable", ...failureOf(error) });
    return null;
  },
);

/** One thing after another on the GPU; a run counts until its net is only asked any more. */
function queued(work: (engine: Engine) => Promise<void>): void {
  queue = queue.then(async () => {
    const opened = await engine;
    if (opened) await work(opened);
  });
}

function start(given: ToWorker & { readonly type: "start" }): void {
  current?.stop();
  const training = new Training(given, post, snapshots);
  current = training;
  queued(async (opened) => {
    await freed;
    freed = training
      .run(opened)
      .catch((error: unknown) => {
        if (!training.stopped) post({ type: "failed", run: given.run, ...failureOf(error) });
      })
      .then(() => {
        post({ type: "freed", run: given.run });
        void tellKept(true);
      });
    await training.atRest;
  });
}

async function open(id: number, files: readonly File[]): Promise<void> {
  const opened = await import("./files.ts")
    .then(({ openFiles }) => openFiles(files))
    .catch((error: unknown): OpenedFiles | Failure => failureOf(error));
  post({ type: "files", id, opened });
}

const unexplained = (error: unknown): FromWorker => ({
  type: "explained",
  graph: "",
  plan: "",
  counters: { pipelines: 0, bytes: 0, compileMilliseconds: 0 },
  parameters: 0,
  fault: failureOf(error).message,
});

function time({ id, nets }: ToWorker & { readonly type: "time" }): void {
  queued(async (opened) => {
    try {
      const { timeSideBySide } = await import("./timing.ts");
      post({ type: "timed", id, milliseconds: await timeSideBySide(opened, nets), fault: null });
    } catch (error) {
      post({ type: "timed", id, milliseconds: [], fault: failureOf(error).message });
    }
  });
}

self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case "start":
      return start(data);
    case "change":
      return current?.change(data);
    case "ahead":
      return void fetchAhead();
    case "pause":
      return current?.pause();
    case "resume":
      return current?.resume();
    case "step":
      return current?.step();
    case "stop":
      current?.stop();
      current = null;
      return;
    case "save":
      return void current?.save().catch(() => {});
    case "saveRun":
      return void current?.saveRun().catch(() => {});
    case "read":
      return void current?.read(data.pixels).catch(() => {});
    case "open":
      return void open(data.id, data.files);
    case "keep":
      return current?.keep();
    case "forget":
      return void snapshots.forget(data.id).then(
        () => tellKept(false),
        () => {},
      );
    case "explain":
      return queued(async (opened) => post(await (await import("./explain.ts")).explain(opened, data.experiment).catch(unexplained)));
    case "time":
      return time(data);
    case "check":
      return post({ type: "checked", id: data.id, faults: faultsOf(data.experiment) });
  }
});
