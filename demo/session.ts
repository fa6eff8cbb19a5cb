/** The page's end of the worker: one worker, one run at a time, and what it says handed on by type. */
import type { FromWorker, Given, Start, ToTime, ToWorker } from "./messages.ts";

/** What the session itself waits for is left out. */
export type Handlers = {
  readonly [K in Exclude<FromWorker["type"], "checked" | "freed">]: (message: Extract<FromWorker, { type: K }>) => void;
};

/**
 * Milliseconds that a run has to let go of its device; then the worker goes, and the device with it. This is for what a worker computes by itself,
 * which nothing interrupts: orthogonal weights of 200 layers of 256 keep it for most of a minute. With another worker the net that was asked for
 * then made its first step after 6 s, and 50 to 60 s without. Where the GPU is what is busy, with compiling or long steps, nothing is gained.
 */
const PATIENCE = 2000;

/** What trains, or shows what was trained. */
export type Runner = Pick<Session, "start" | "change" | "check" | "stop" | "tell" | "post" | "renew" | "time">;

export class Session {
  private readonly handlers: Handlers;
  private worker: Worker;
  private run = 0;
  /** What was asked of the schema and not answered yet. */
  private readonly asked = new Map<number, { readonly experiment: Given; readonly answer: (faults: readonly string[]) => void }>();
  private checks = 0;
  /** The run that the worker has, until it is told to let go of it. */
  private held: number | null = null;
  /** Runs that have not let go yet, and what the worker was told meanwhile. */
  private readonly leaving = new Set<number>();
  private told: ToWorker[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private timings = 0;

  constructor(handlers: Handlers) {
    this.handlers = handlers;
    this.worker = this.makeWorker();
  }

  private makeWorker(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.hear(data));
    worker.addEventListener("error", ({ message }) =>
      this.handlers.unusable({
        type: "unusable",
        code: "internal",
        message: `The worker that trains failed: ${message || "it could not be loaded"}`,
      }),
    );
    return worker;
  }

  private hear(message: FromWorker): void {
    if (message.type === "freed") {
      this.leaving.delete(message.run);
      if (this.leaving.size === 0) this.forgetLeaving();
      return;
    }
    if (message.type === "checked") {
      this.asked.get(message.id)?.answer(message.faults);
      this.asked.delete(message.id);
      return;
    }
    // What a run says that has been given up is too late.
    if ("run" in message && message.run !== this.run) return;
    if (message.type === "timed" && message.id !== this.timings) return;
    (this.handlers[message.type] as (message: FromWorker) => void)(message);
  }

  post(message: ToWorker): void {
    if (this.leaving.size > 0) this.told.push(message);
    this.worker.postMessage(message);
  }

  /** The run is to let go of its device; where it is too busy, another worker does what this was told since. */
  private leave(): void {
    if (this.held === null) return;
    this.leaving.add(this.held);
    this.held = null;
    this.timer ??= setTimeout(() => {
      const told = this.told.filter(({ type }) => type !== "check");
      this.replaceWorker();
      for (const message of told) this.post(message);
    }, PATIENCE);
  }

  private forgetLeaving(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.leaving.clear();
    this.told = [];
  }

  private replaceWorker(): void {
    this.forgetLeaving();
    this.worker.terminate();
    this.worker = this.makeWorker();
    for (const [id, { experiment }] of this.asked) this.post({ type: "check", id, experiment });
  }

  /** Ends the run before. */
  start(start: Omit<Start, "run">): void {
    this.leave();
    this.held = ++this.run;
    this.post({ type: "start", run: this.run, ...start });
  }

  change(change: Omit<Extract<ToWorker, { type: "change" }>, "type" | "run">): void {
    this.post({ type: "change", run: this.run, ...change });
  }

  /** What the schema says of it. */
  check(experiment: Given): Promise<readonly string[]> {
    return new Promise((resolve) => {
      this.asked.set(++this.checks, { experiment, answer: resolve });
      this.post({ type: "check", id: this.checks, experiment });
    });
  }

  /** The answer to the latest only is handed on. */
  time(nets: readonly ToTime[]): void {
    this.post({ type: "time", id: ++this.timings, nets });
  }

  stop(): void {
    this.run++;
    this.leave();
    this.post({ type: "stop" });
  }

  tell(type: "pause" | "resume" | "step"): void {
    this.post({ type });
  }

  /** After a lost device: with a new worker comes a new one. */
  renew(): void {
    this.run++;
    this.held = null;
    this.replaceWorker();
  }
}
