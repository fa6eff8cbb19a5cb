/** One run in the worker: trains, gathers reports for the page, and looks at the net from time to time. */
import { type Dataset, type Engine, FathomError, parseExperiment, prepareExperiment, type Report, type Trainer } from "../src/index.ts";
import { ReportBatch } from "./batch.ts";
import { evaluate, planeOf, pointsOf } from "./looks.ts";
import type { FromWorker, Given } from "./messages.ts";
import { Verdicts } from "./verdicts.ts";

type Post = (message: FromWorker, transfer?: Transferable[]) => void;

/** A look at the net waits at least so long, and so many times as long as the last one took: it must not slow training down. */
const LEAST_WAIT = 1000;
const WAIT_PER_LOOK = 10;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Training {
  private readonly number: number;
  private readonly post: Post;
  private readonly batch: ReportBatch;
  private readonly verdicts: Verdicts;
  private controller = new AbortController();
  private trainer: Trainer | null = null;
  private dataset: Dataset | null = null;
  private paused: boolean;
  /** Single steps that were asked for before there was a loop. */
  private early = 0;
  private looping = false;
  private next: Given | null = null;
  private every = 1;
  private lastStep = -1;
  private looking: Promise<void> = Promise.resolve();
  private lookAgain = 0;
  stopped = false;

  constructor(number: number, post: Post, paused: boolean) {
    this.number = number;
    this.post = post;
    this.paused = paused;
    this.batch = new ReportBatch(number, post);
    this.verdicts = new Verdicts((kind, text) => post({ type: "verdict", run: number, kind, text }));
  }

  pause(): void {
    this.paused = true;
    this.batch.running(false);
    this.trainer?.pause();
  }

  resume(): void {
    this.paused = false;
    this.early = 0;
    this.batch.running(this.looping);
    this.trainer?.resume();
  }

  step(): void {
    if (!this.paused) return;
    // It rejects where the run ends first, which the run itself tells.
    if (this.looping) void this.trainer!.step(this.dataset!).catch(() => {});
    else this.early++;
  }

  stop(): void {
    this.stopped = true;
    this.controller.abort();
    this.trainer?.resume();
  }

  /** The run is halted where it is, with all its reports, and goes on under the new experiment. */
  change(experiment: Given): void {
    const halting = this.next !== null;
    this.next = experiment;
    if (this.looping && !halting) void this.halt();
  }

  private async halt(): Promise<void> {
    const { trainer, controller } = this;
    trainer!.pause();
    const reported = (): number => Math.floor((trainer!.attemptedStep - 1) / this.every) * this.every;
    while (!controller.signal.aborted && this.looping && this.lastStep < reported()) await sleep(5);
    controller.abort();
  }

  async run(engine: Engine, experiment: Given): Promise<void> {
    let given: Given | null = experiment;
    let checkpoint: Uint8Array | null = null;
    try {
      while (given !== null && !this.stopped) {
        this.next = null;
        checkpoint = await this.leg(engine, given, checkpoint);
        given = this.next;
      }
    } finally {
      await this.looking;
      this.trainer?.dispose();
      this.trainer = null;
    }
    if (!this.stopped) this.post({ type: "done", run: this.number });
  }

  /** Trains to the end, or until it is stopped or changed; then what the next leg goes on from. */
  private async leg(engine: Engine, given: Given, checkpoint: Uint8Array | null): Promise<Uint8Array | null> {
    const { dataset, options, run } = await prepareExperiment(parseExperiment(given));
    await this.looking;
    this.trainer?.dispose();
    const trainer = await engine.train(options);
    this.trainer = trainer;
    this.dataset = dataset;
    this.controller = new AbortController();
    this.every = run.every;
    if (this.stopped) return null;
    if (checkpoint) await trainer.restore(checkpoint);
    await trainer.prepare(dataset);
    if (!checkpoint) this.tell(trainer, dataset, run.steps);
    const left = run.steps - trainer.attemptedStep;
    if (this.stopped || left < 1) return null;
    if (this.paused) trainer.pause();
    try {
      await this.loop(trainer, dataset, left, run.every);
    } catch (error) {
      this.batch.flush();
      if (error instanceof FathomError && error.code === "aborted" && this.next !== null && !this.stopped) return trainer.checkpoint();
      if (error instanceof FathomError && error.code === "non-finite") this.verdicts.stopped(error);
      throw error;
    } finally {
      this.looping = false;
      this.batch.running(false);
    }
    this.verdicts.say();
    await this.looking;
    await this.look(trainer, dataset);
    return null;
  }

  private tell(trainer: Trainer, dataset: Dataset, steps: number): void {
    const { parameters, counters } = trainer;
    this.verdicts.chance = dataset.classes === null ? null : Math.log(dataset.classes);
    this.post({
      type: "prepared",
      run: this.number,
      weights: parameters.flatMap(({ name, role }) => (role === "weight" ? [name] : [])),
      steps,
      classes: dataset.classes,
      parameters: parameters.reduce((sum, { shape }) => sum + shape.reduce((size, axis) => size * axis, 1), 0),
      dispatches: counters.dispatches,
      points: pointsOf(dataset),
    });
  }

  private async loop(trainer: Trainer, dataset: Dataset, steps: number, every: number): Promise<void> {
    const reports = trainer.run(dataset, { steps, every, signal: this.controller.signal });
    // The run begins with the first `next`, which the loop below calls before this.
    queueMicrotask(() => {
      this.looping = true;
      this.batch.running(!this.paused);
      for (; this.early > 0; this.early--) this.step();
      // A change that came while this leg was being prepared.
      if (this.next !== null) void this.halt();
    });
    this.lookAgain = performance.now() + LEAST_WAIT;
    for await (const report of reports) this.take(report, trainer, dataset);
    this.batch.flush();
  }

  private take(report: Report, trainer: Trainer, dataset: Dataset): void {
    this.lastStep = report.step;
    this.batch.add(report);
    this.verdicts.add(report);
    if (performance.now() < this.lookAgain) return;
    this.lookAgain = Number.POSITIVE_INFINITY;
    const began = performance.now();
    // What goes wrong here goes wrong in the run as well, which tells.
    this.looking = this.look(trainer, dataset)
      .catch(() => {})
      .then(() => {
        const now = performance.now();
        this.lookAgain = now + Math.max(LEAST_WAIT, WAIT_PER_LOOK * (now - began));
      });
  }

  private async look(trainer: Trainer, dataset: Dataset): Promise<void> {
    this.post({ type: "evaluated", run: this.number, step: trainer.attemptedStep, ...(await evaluate(trainer, dataset)) });
    const cells = await planeOf(trainer, dataset);
    if (cells) this.post({ type: "plane", run: this.number, cells }, [cells.buffer]);
  }
}
