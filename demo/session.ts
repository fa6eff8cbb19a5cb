/** The page's end of the worker: one worker, one run at a time, and what it says handed on by type. */
import type { FromWorker, Given, Start, ToWorker } from "./messages.ts";

export type Handlers = { readonly [K in FromWorker["type"]]: (message: Extract<FromWorker, { type: K }>) => void };

/** What trains, or shows what was trained. */
export type Runner = Pick<Session, "start" | "change" | "check" | "stop" | "tell" | "post" | "renew" | "time">;

export class Session {
  private readonly handlers: Handlers;
  private worker: Worker;
  private run = 0;
  private checks = 0;
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
    // What a run says that has been given up is too late.
    if ("run" in message && message.run !== this.run) return;
    if (message.type === "checked" && message.id !== this.checks) return;
    if (message.type === "timed" && message.id !== this.timings) return;
    (this.handlers[message.type] as (message: FromWorker) => void)(message);
  }

  post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  /** Ends the run before. */
  start(start: Omit<Start, "run">): void {
    this.post({ type: "start", run: ++this.run, ...start });
  }

  change(change: Omit<Extract<ToWorker, { type: "change" }>, "type" | "run">): void {
    this.post({ type: "change", run: this.run, ...change });
  }

  /** The answer to the latest only is handed on. */
  check(experiment: Given): void {
    this.post({ type: "check", id: ++this.checks, experiment });
  }

  /** The answer to the latest only is handed on. */
  time(experiments: readonly Given[]): void {
    this.post({ type: "time", id: ++this.timings, experiments });
  }

  stop(): void {
    this.run++;
    this.post({ type: "stop" });
  }

  tell(type: "pause" | "resume" | "step"): void {
    this.post({ type });
  }

  /** After a lost device: with a new worker comes a new one. */
  renew(): void {
    this.run++;
    this.worker.terminate();
    this.worker = this.makeWorker();
  }
}
