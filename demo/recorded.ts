/** In the place of the worker where there is no WebGPU: plays recorded runs of the stories, and says that they are recorded. Loaded only there. */
import { type Choices, differing } from "./choices.ts";
import { lighter } from "./lighter.ts";
import { COLUMNS, type FromWorker, type Given, type Start, type ToWorker } from "./messages.ts";
import { reasonOf } from "./missing.ts";
import { fromBase64, type RecordedStage, type RecordedStory, unpackRows } from "./recording.ts";
import type { Handlers, Runner } from "./session.ts";
import { STORIES } from "./stories.ts";

/** A whole run is shown in so many milliseconds. */
const LENGTH = 6000;
const TICK = 60;
const NO_FILES = "Files are of no use here, where there is no WebGPU to train on them: the stories are recorded, and nothing else is.";

type Load = () => Promise<{ readonly default: unknown }>;

const FILES: Readonly<Record<string, Load>> = {
  vanishing: () => import("./recorded/vanishing.json"),
  exploding: () => import("./recorded/exploding.json"),
  dead: () => import("./recorded/dead.json"),
  "over-fitting": () => import("./recorded/over-fitting.json"),
  noise: () => import("./recorded/noise.json"),
  schedule: () => import("./recorded/schedule.json"),
  "two-hundred": () => import("./recorded/two-hundred.json"),
};

/** The story and the stage that these are the settings of. */
function placeOf(choices: Choices): { readonly story: string; readonly stage: number } | null {
  for (const { id, stages } of STORIES) {
    const stage = stages.findIndex((one) => differing(lighter(one.choices), choices).length === 0);
    if (stage >= 0) return { story: id, stage };
  }
  return null;
}

export const isRecorded = (choices: Choices): boolean => placeOf(choices) !== null;

export class RecordedRuns implements Runner {
  private readonly handlers: Handlers;
  private readonly note: (text: string) => void;
  private run = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private stage: RecordedStage | null = null;
  private rows: readonly Float32Array[] = [];
  private shown = 0;
  private at = 0;
  private paused = false;
  /** Single steps that were asked for before the recording was there. */
  private early = 0;
  private readonly schema: Pick<Runner, "check">;

  /** The worker has no GPU, and still knows the schema. */
  constructor(handlers: Handlers, schema: Pick<Runner, "check">, note: (text: string) => void) {
    this.handlers = handlers;
    this.schema = schema;
    this.note = note;
  }

  start({ keep, paused }: Omit<Start, "run">): void {
    this.stop();
    const run = this.run;
    this.paused = paused;
    this.early = 0;
    const place = placeOf((keep.state as { choices: Choices }).choices);
    if (!place) {
      this.tellOf({
        type: "failed",
        run,
        code: "no-webgpu",
        message: "There is no recording of these settings: choose a stage of a story.",
      });
      return;
    }
    FILES[place.story]!()
      .then(({ default: read }) => {
        if (run === this.run) this.play(read as RecordedStory, place.stage);
      })
      .catch((error: unknown) => {
        if (run === this.run) this.tellOf({ type: "failed", run, code: "internal", message: reasonOf(error) });
      });
  }

  private play({ adapter, date, stages }: RecordedStory, index: number): void {
    const stage = stages[index]!;
    this.stage = stage;
    this.rows = unpackRows(stage);
    this.shown = 0;
    this.at = 0;
    const { weights, steps, classes, parameters, dispatches } = stage;
    this.note(`Recorded on ${adapter}, ${date}: nothing is computed here.`);
    this.tellOf({ type: "prepared", run: this.run, weights, steps, classes, parameters, dispatches, points: null });
    this.at = this.early;
    this.show(Math.min(this.rows.length, this.early));
    this.timer = setInterval(() => {
      if (this.paused) return;
      this.at += (TICK / LENGTH) * this.rows.length;
      this.show(Math.min(this.rows.length, Math.ceil(this.at)));
    }, TICK);
  }

  /** The first so many rows. */
  private show(count: number): void {
    const { stage, rows, shown, run } = this;
    if (!stage || count <= shown) return;
    this.shown = count;
    const width = COLUMNS.length + stage.weights.length;
    const joined = new Float32Array((count - shown) * width);
    for (const [index, row] of rows.slice(shown, count).entries()) joined.set(row, index * width);
    const step = (row: number): number => (row < rows.length ? rows[row]![0]! : stage.steps);
    const [from, to] = [shown === 0 ? -1 : step(shown), step(count)];
    this.tellOf({ type: "reports", run, rows: joined, milliseconds: (stage.milliseconds * count) / rows.length });
    const ended = count === rows.length;
    for (const seen of stage.evaluations)
      if (seen.step > from && (seen.step <= to || ended)) this.tellOf({ type: "evaluated", run, ...seen });
    const verdict = stage.verdicts.filter((one) => one.step <= to || ended).at(-1);
    if (verdict) this.tellOf({ type: "verdict", run, kind: verdict.kind as "healthy", text: verdict.text });
    if (!ended) return;
    if (stage.plane) this.tellOf({ type: "plane", run, cells: fromBase64(stage.plane) as Uint8Array<ArrayBuffer> });
    this.tellOf({ type: "done", run });
    clearInterval(this.timer);
  }

  private tellOf(message: Extract<FromWorker, { type: keyof Handlers }>): void {
    (this.handlers[message.type] as (message: unknown) => void)(message);
  }

  tell(type: "pause" | "resume" | "step"): void {
    if (type === "step" && !this.stage) this.early++;
    else if (type === "step") {
      this.at = Math.max(this.at, this.shown + 1);
      this.show(this.shown + 1);
    } else this.paused = type === "pause";
  }

  stop(): void {
    this.run++;
    clearInterval(this.timer);
    this.stage = null;
  }

  check(experiment: Given): Promise<readonly string[]> {
    return this.schema.check(experiment);
  }

  post(message: ToWorker): void {
    if (message.type === "open") this.tellOf({ type: "files", id: message.id, opened: { code: "no-webgpu", message: NO_FILES } });
  }

  /** What only a GPU could do. */
  change(): void {}
  renew(): void {}
  time(): void {}
}
