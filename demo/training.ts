/** One run in the worker: trains, gathers reports for the page, looks at the net from time to time, and answers the page's questions to it. */
import {
  type Dataset,
  type Engine,
  FathomError,
  parseExperiment,
  prepareExperiment,
  type Report,
  type Trainer,
  type TrainerOptions,
} from "../src/index.ts";
import { ReportBatch } from "./batch.ts";
import { readFrom } from "./dataFiles.ts";
import { InsightBatch } from "./insightBatch.ts";
import type { Keeper } from "./keeper.ts";
import { LookSteps } from "./lookSteps.ts";
import { type Beginning, COLUMNS, type FromWorker, type Given, type Start, type ToWorker } from "./messages.ts";
import { type Drawn, drawnAs, pointsOf, reachOf } from "./points.ts";
import type { Kept, Snapshots } from "./snapshots.ts";
import { Verdicts } from "./verdicts.ts";

type Post = (message: FromWorker, transfer?: Transferable[]) => void;
type Change = ToWorker & { readonly type: "change" };

const MOST_NAMES = 5;
/** Milliseconds of training: what was stopped earlier is soon made again. */
const WORTH_KEEPING = 1000;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Training {
  private readonly number: number;
  private readonly post: Post;
  private readonly started: Start;
  private readonly snapshots: Snapshots;
  private readonly batch: ReportBatch;
  private readonly inside: InsightBatch;
  private readonly verdicts: Verdicts;
  private keeper: Keeper | null = null;
  private controller = new AbortController();
  private engine: Engine | null = null;
  private trainer: Trainer | null = null;
  /** What the trainer was made to look at, as JSON. */
  private insight = "null";
  private dataset: Dataset | null = null;
  private drawn: Drawn = null;
  /** What is trained now, and the files that it may name. */
  private given: Given;
  private available: readonly File[];
  private paused: boolean;
  /** Single steps that were asked for before there was a loop. */
  private early = 0;
  private looping = false;
  private next: Change | null = null;
  private every = 1;
  /** Of the whole run. */
  private steps = 0;
  private lastStep = -1;
  private looks = new LookSteps(1);
  /** What a look shows is not kept: a run that goes on is seen anew. */
  private unseen = false;
  private letGo = (): void => {};
  private rest = (): void => {};
  /** Until nothing is trained any more, though the net may still be asked. */
  readonly atRest = new Promise<void>((resolve) => {
    this.rest = resolve;
  });
  /** Until the page has no more use for this run. */
  private readonly used = new Promise<void>((resolve) => {
    this.letGo = resolve;
  });
  stopped = false;

  constructor(started: Start, post: Post, snapshots: Snapshots) {
    const { run, paused, experiment, files } = started;
    this.number = run;
    this.given = experiment;
    this.available = files;
    this.started = started;
    this.post = post;
    this.snapshots = snapshots;
    this.paused = paused;
    this.batch = new ReportBatch(run, post);
    this.inside = new InsightBatch(run, post);
    this.verdicts = new Verdicts((kind, text) => post({ type: "verdict", run, kind, text }));
  }

  pause(): void {
    this.paused = true;
    this.batch.running(false);
    this.trainer?.pause();
    this.keep();
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
    // Its last moment is kept, once the reports of all its steps are here.
    if (this.looping && this.isWorthKeeping) void this.halt().finally(() => this.trainer?.resume());
    else {
      this.controller.abort();
      this.trainer?.resume();
    }
    this.letGo();
  }

  private get isWorthKeeping(): boolean {
    return this.keeper !== null && this.batch.milliseconds >= WORTH_KEEPING && this.trainer!.attemptedStep < this.steps;
  }

  get id(): string {
    return this.started.keep.id;
  }

  /** A snapshot of this moment. */
  keep(): void {
    void this.keeper?.now();
  }

  /** The weights, as PyTorch names them. */
  async save(): Promise<void> {
    const bytes = await this.trainer?.save();
    if (bytes) this.post({ type: "weights", run: this.number, bytes }, [bytes.buffer]);
  }

  /** All that the run needs to go on elsewhere, after the reports of the steps before. */
  async saveRun(): Promise<void> {
    const { trainer } = this;
    if (!trainer) return;
    const { runStateOf } = await import("./runState.ts");
    const state = await runStateOf(trainer, this.given, this.available);
    while (!this.stopped && this.lastStep < this.lastReported(state.step)) await sleep(5);
    this.flush();
    this.post({ type: "state", run: this.number, ...state }, [state.checkpoint.buffer]);
  }

  /** Of so many steps, the last one that is reported while the run goes on. */
  private lastReported(steps: number): number {
    return Math.floor((steps - 1) / this.every) * this.every;
  }

  /** What the net makes of one sample. */
  async read(pixels: Float32Array): Promise<void> {
    const { trainer, dataset } = this;
    if (!trainer || !dataset || dataset.classes === null) return;
    const { namesOf, softmax } = await import("./readings.ts");
    const probabilities = softmax(await trainer.predict(pixels, { sampleShape: dataset.sampleShape }));
    this.post({ type: "read", run: this.number, probabilities, names: namesOf(dataset) });
  }

  /** The run is halted where it is, with all its reports, and goes on under the new experiment. */
  change(change: Change): void {
    const halting = this.next !== null;
    this.next = change;
    if (this.looping && !halting) void this.halt();
  }

  private async halt(): Promise<void> {
    const { trainer, controller } = this;
    trainer!.pause();
    while (!controller.signal.aborted && this.looping && this.lastStep < this.lastReported(trainer!.attemptedStep)) await sleep(5);
    controller.abort();
  }

  async run(engine: Engine): Promise<void> {
    const { id } = this.started.keep;
    let over = false;
    try {
      if (this.stopped) return;
      this.snapshots.hold(id, this.used);
      const steps = await this.prepare(engine);
      while (!this.stopped && this.trainer!.attemptedStep < steps) {
        await this.goOn(steps);
        if (this.next !== null) await this.adjust(this.next);
      }
      if (this.stopped) return;
      over = true;
      await this.keeper?.end(true);
      this.post({ type: "done", run: this.number });
      this.rest();
      // The net stays, to be asked and saved.
      await this.used;
    } catch (error) {
      // Going on from there would come to the same.
      over = error instanceof FathomError && error.code === "non-finite";
      throw error;
    } finally {
      this.rest();
      this.letGo();
      if (this.stopped && !over && this.isWorthKeeping) await this.keeper?.last();
      await this.keeper?.end(over);
      this.trainer?.dispose();
      this.trainer = null;
    }
  }

  /** The trainer, ready for its first step; returns the steps of the whole run. */
  private async prepare(engine: Engine): Promise<number> {
    const { keep, begin } = this.started;
    const kept = begin.type === "kept" ? await this.snapshots.read(begin.id) : null;
    const mayBeAnew = begin.type === "kept" && begin.anew === true;
    if (begin.type === "kept" && !kept && !mayBeAnew)
      throw new FathomError("io", "the snapshot of this run is not there any more; begin it anew");
    if (kept && !mayBeAnew) this.given = kept.run.experiment;
    if (kept) this.available = kept.files;
    const { given, available } = this;
    const experiment = parseExperiment(given);
    const { dataset, options, run } = await prepareExperiment(experiment, (name) => readFrom(available, name));
    const trainer = await engine.train(options);
    this.trainer = trainer;
    this.engine = engine;
    this.insight = JSON.stringify(options.insight ?? null);
    this.dataset = dataset;
    this.drawn = drawnAs(dataset, experiment.dataset.type);
    this.every = run.every;
    this.steps = run.steps;
    if (this.stopped) return 0;
    if (kept) await trainer.restore(kept.checkpoint);
    else await this.take(begin, trainer);
    // The steps before were reported elsewhere, and nobody waits for them.
    this.lastStep = trainer.attemptedStep - 1;
    await trainer.prepare(dataset);
    this.tell(trainer, dataset, run.steps);
    if (kept) this.tellPast(kept, trainer.parameters.filter(({ role }) => role === "weight").length);
    this.looks = new LookSteps(run.steps);
    this.unseen = kept !== null;
    const { Keeper } = await import("./keeper.ts");
    const record = { ...keep, experiment: given, step: 0, steps: run.steps, milliseconds: 0, savedAt: 0 };
    this.keeper = new Keeper(this.snapshots, record, available, trainer, run.every, () => this.batch.milliseconds);
    return run.steps;
  }

  /** What was seen of a run that goes on, as if it had just been. */
  private tellPast({ run: { milliseconds }, files, past, histograms }: Kept, weights: number): void {
    const run = this.number;
    this.batch.milliseconds = milliseconds;
    const { evaluations, marks } = past?.seen ?? { evaluations: [], marks: [] };
    const rows = past?.rowLength === COLUMNS.length + weights ? past.rows : new Float32Array(0);
    this.post({ type: "restored", run, rows, milliseconds, evaluations, marks, files }, [rows.buffer]);
    const inside = past?.inside;
    if (inside?.weights === weights) this.post({ type: "insight", run, ...inside, histograms });
  }

  private async take(begin: Beginning, trainer: Trainer): Promise<void> {
    if (begin.type === "checkpoint") await trainer.restore(begin.bytes, { fileName: begin.name });
    if (begin.type !== "weights") return;
    const { name } = begin;
    const { loaded, missing, unexpected } = await trainer.load(begin.bytes, { partial: true, fileName: name });
    if (loaded.length === 0)
      throw new FathomError(
        "file-format",
        `${name} has no tensor that this net has: it holds ${few(unexpected)}, and the net ${few(missing)}. Build the net that the file is of`,
      );
    this.post({ type: "loaded", run: this.number, name, loaded: loaded.length, missing, unexpected });
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
      points: pointsOf(dataset, this.drawn),
    });
  }

  /** Trains until so many steps are made, or until it is stopped or to be changed. */
  private async goOn(steps: number): Promise<void> {
    const trainer = this.trainer!;
    const dataset = this.dataset!;
    if (this.paused) trainer.pause();
    else trainer.resume();
    this.controller = new AbortController();
    if (this.stopped) return;
    try {
      while (trainer.attemptedStep < steps) {
        const step = trainer.attemptedStep;
        if (this.looks.isDue(step) || this.unseen) await this.lookTimed(trainer, dataset);
        if (this.next !== null || this.stopped) return;
        await this.loop(trainer, dataset, Math.min(steps, this.looks.after(step)) - step);
        this.looping = false;
        this.batch.running(false);
      }
    } catch (error) {
      this.flush();
      if (error instanceof FathomError && error.code === "aborted" && (this.next !== null || this.stopped)) return;
      if (error instanceof FathomError && error.code === "non-finite") await this.verdicts.stopped(error);
      throw error;
    } finally {
      this.looping = false;
      this.batch.running(false);
    }
    await this.verdicts.say();
    await this.look(trainer, dataset);
  }

  /** What is looked at stands still: what is told of a step is of that step. */
  private async lookTimed(trainer: Trainer, dataset: Dataset): Promise<void> {
    const began = performance.now();
    this.unseen = false;
    await this.look(trainer, dataset);
    // Single steps tell nothing of what a look costs.
    if (!this.paused) this.looks.took(performance.now() - began, this.batch.milliseconds);
  }

  private async adjust({ experiment, text, state }: Change): Promise<void> {
    this.next = null;
    if (this.stopped) return;
    const { options } = await prepareExperiment(parseExperiment(experiment), (name) => readFrom(this.available, name));
    this.given = experiment;
    const { optimizer, clip = null, regularizer = null, insight = null } = options;
    if (JSON.stringify(insight) !== this.insight) await this.rebuild(options);
    const step = await this.trainer!.adjust({ learningRate: optimizer.learningRate, clip, regularizer });
    const mark = { step, text };
    this.keeper?.changed(mark, { experiment, state });
    this.post({ type: "adjusted", run: this.number, mark });
  }

  /** What a trainer is made with: another one goes on from the state of this. */
  private async rebuild(options: TrainerOptions): Promise<void> {
    const checkpoint = await this.trainer!.checkpoint();
    this.trainer!.dispose();
    const trainer = await this.engine!.train(options);
    this.trainer = trainer;
    this.insight = JSON.stringify(options.insight ?? null);
    await trainer.restore(checkpoint);
    await trainer.prepare(this.dataset!);
    this.keeper?.follow(trainer);
  }

  private async loop(trainer: Trainer, dataset: Dataset, steps: number): Promise<void> {
    const reports = trainer.run(dataset, { steps, every: this.every, signal: this.controller.signal });
    // The run begins with the first `next`, which the loop below calls before this.
    queueMicrotask(() => {
      this.looping = true;
      this.batch.running(!this.paused);
      for (; this.early > 0; this.early--) this.step();
      // A change that came while this leg was being prepared.
      if (this.next !== null) void this.halt();
    });
    for await (const report of reports) this.hear(report);
    this.flush();
  }

  private flush(): void {
    this.batch.flush();
    this.inside.flush();
  }

  private hear(report: Report): void {
    this.lastStep = report.step;
    this.batch.add(report);
    this.inside.add(report);
    this.verdicts.add(report);
    this.keeper?.add(report);
  }

  private async look(trainer: Trainer, dataset: Dataset): Promise<void> {
    const run = this.number;
    const { evaluate, planeOf } = await import("./looks.ts");
    const step = trainer.attemptedStep;
    const seen = { step, ...(await evaluate(trainer, dataset)) };
    this.keeper?.evaluated(seen);
    this.post({ type: "evaluated", run, ...seen });
    const cells = await planeOf(trainer, this.drawn, reachOf(dataset, this.drawn));
    if (cells) this.post({ type: "plane", run, cells }, [cells.buffer]);
    // What a net reads that has learnt nothing is nothing to see, and what shows it need not be fetched before the first step.
    if (step === 0) return;
    const { readingsOf } = await import("./readings.ts");
    const readings = await readingsOf(trainer, dataset);
    if (readings) this.post({ type: "readings", run, step, ...readings });
  }
}

const few = (names: readonly string[]): string =>
  names.slice(0, MOST_NAMES).join(", ") + (names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "");
