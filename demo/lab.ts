/** The page's state and what is done with it: choices or an experiment, the current run, and what the worker says of it. */
import type { DiagnosisKind } from "../src/index.ts";
import { looking } from "./changes.ts";
import { type Choices, differing, LIVE, nameOf, STANDARD } from "./choices.ts";
import { experimentOf, type OwnData } from "./experimentOf.ts";
import { History } from "./history.ts";
import { withInsight } from "./insight.ts";
import { leftRun } from "./left.ts";
import { lighter } from "./lighter.ts";
import type { Settings } from "./link.ts";
import type { Beginning, Given, KeptRun, OpenedFiles, ToTime } from "./messages.ts";
import { nameOfNet } from "./netName.ts";
import { notesOf } from "./notes.ts";
import { Recovery, withoutDriver } from "./recovery.ts";
import { failure, type LabEvents, manyFaults, type Phase, plain, type Saying } from "./saying.ts";
import { type Handlers, type Runner, Session } from "./session.ts";
import { inPageWords } from "./verdictWords.ts";

/** What a snapshot holds of the page. */
type Remembered = Settings & { readonly own: OwnData | null };

const RECORDED = "The stories can be seen all the same, as they were recorded: choose a stage of one.";

export class Lab {
  phase: Phase = "opening";
  state: Settings = { choices: STANDARD, experiment: null, inside: false };
  saying: Saying = plain("Opening WebGPU …");
  adapter = "";
  /** It computes on the processor. */
  software = false;
  history: History | null = null;
  /** Runs that ended in their middle: the page was closed, or they were stopped. */
  kept: readonly KeptRun[] = [];
  /** Whether the browser keeps anything. */
  keeps = true;
  own: OwnData | null = null;
  /** The last experiment that was written by hand and counts no more. */
  aside: string | null = null;
  /** What happened to the run besides training: the device was lost, weights were loaded. */
  note = "";
  private readonly events: LabEvents;
  private session: Runner;
  private readonly handlers: Handlers;
  /** Which settings there are recordings of, where there is no WebGPU. */
  private recorded: ((choices: Choices) => boolean) | null = null;
  private readonly recovery = new Recovery();
  /** That are open, of one's own data. */
  files: readonly File[] = [];
  private runId = "";
  private asked = 0;
  private lost = false;
  /** Nobody has asked for a net of just this size. */
  private untouched = false;
  /** Why there is no GPU to compute on, as a code and in words. */
  unusable = "";
  private whyUnusable = "";
  /** Rows of metrics that a run of the command line brings along. */
  private earlier: (OpenedFiles & { kind: "run" })["rows"] = [];
  private timed: (milliseconds: readonly number[]) => void = () => {};

  constructor(events: LabEvents) {
    this.events = events;
    this.handlers = {
      opened: ({ adapter, software }) => {
        this.software = software;
        this.adapter = `Runs on ${adapter}${software ? ", which is no GPU but the processor: presets have smaller batches and fewer steps here" : ""}.`;
        if (software && this.untouched && this.phase === "opening" && !this.history) this.open(this.state, true);
        if (this.recovery.pending) this.restart();
        else if (this.phase === "opening")
          this.enter("idle", this.saying.kind === "error" ? this.saying : plain("Choose a stage of the story, or press Play."));
        else this.events.changed();
      },
      unusable: ({ code, message }) => {
        if (this.recovery.again(() => this.session.renew())) return;
        this.unusable = code;
        if (this.untouched && !this.history) this.open(this.state, true);
        void this.playRecordings(message);
      },
      kept: ({ runs, keeps }) => {
        this.kept = runs;
        this.keeps = keeps;
        this.events.changed();
      },
      files: ({ opened, id }) => {
        if (id === this.asked) this.events.files(opened);
      },
      loaded: async (message) => {
        this.note = (await import("./loadedText.ts")).loadedText(message);
        this.events.changed();
      },
      restored: (message) => {
        this.history!.restore(message);
        this.files = message.files;
        this.history!.files = message.files;
        const { why } = this.recovery;
        if (why) this.note = `${why} The run went on from step ${this.history!.step}, where its last snapshot was taken.`;
        this.recovery.why = "";
        this.events.changed();
      },
      prepared: (message) => {
        this.history!.prepare(message);
        this.takeEarlier();
        const paused = this.phase === "paused";
        this.enter(paused ? "paused" : "playing", plain(paused ? "Ready: the right arrow makes one step." : "Training …"));
      },
      reports: ({ rows, milliseconds }) => {
        this.history!.append(rows, milliseconds);
        if (this.recovery.why) this.note = `${this.recovery.why} There was no snapshot yet, so the run began again.`;
        this.recovery.went();
        this.events.changed();
      },
      ...notesOf(
        () => this.history!,
        () => this.events.changed(),
      ),
      timed: ({ milliseconds, fault }) => {
        if (fault === null) this.timed(milliseconds);
        this.say(fault === null ? plain("Measured side by side: the table has the times.") : failure(fault));
      },
      // Only the page "How it works" asks.
      explained: () => {},
      read: ({ probabilities, names }) => this.events.read(probabilities, names),
      weights: ({ bytes }) => this.events.weights(bytes),
      state: (state) => this.events.state(state),
      verdict: ({ kind, text }) => void this.judge(kind, inPageWords(text, this.history!.weights)),
      done: () => this.enter("done", this.saying),
      failed: ({ code, message }) => this.fail(code, message),
    };
    this.session = new Session(this.handlers);
  }

  /** Nothing can be computed here: recorded runs of the stories are shown. */
  private async playRecordings(why: string): Promise<void> {
    this.whyUnusable = why;
    this.enter("unusable", failure(why));
    const { RecordedRuns, isRecorded } = await import("./recorded.ts");
    this.session = new RecordedRuns(this.handlers, this.session, (text) => {
      this.note = text;
    });
    this.recorded = isRecorded;
    this.note = RECORDED;
    this.events.changed();
  }

  /** Whether the settings can be trained here, or were recorded. */
  get canStart(): boolean {
    if (this.phase === "opening") return false;
    return this.unusable === "" || (this.recorded?.(this.state.choices) === true && this.state.experiment === null);
  }

  /** Whether the stories' buttons do something. */
  get tellsStories(): boolean {
    return this.phase !== "opening" && (this.unusable === "" || this.recorded !== null);
  }

  /** Whether presets are to be lighter than they are. */
  get light(): boolean {
    return this.software || this.unusable !== "";
  }

  /** Whether the address is to ask for the size that the net has: without a word there it is the lighter one, here or where this is not known yet. */
  get sized(): boolean {
    const { choices } = this.state;
    return !this.untouched && (this.light || this.phase === "opening") && differing(lighter(choices), choices).length > 0;
  }

  private enter(phase: Phase, saying: Saying): void {
    this.phase = phase;
    this.say(saying);
  }

  private say(saying: Saying): void {
    this.saying = saying;
    this.events.changed();
  }

  /** With what helps against it, whose code comes with the first trouble; none for an experiment edited by hand, which the form does not know. */
  private async judge(kind: DiagnosisKind, text: string): Promise<void> {
    const before = this.saying;
    const { remedy } = before.kind === kind ? before : { remedy: null };
    this.say({ text, kind, remedy });
    if (kind === "healthy" || this.state.experiment !== null) return;
    const said = this.saying;
    // Without a network there may be none.
    const remedies = await import("./remedies.ts").catch(() => null);
    if (remedies && this.saying === said) this.say({ text, kind, remedy: remedies.remedyFor(kind, this.state.choices) });
  }

  private fail(code: string, whole: string): void {
    // A kernel that does not compile comes with its source.
    const message = whole.split("\n", 1)[0]!;
    // The verdict says it in its own words, with a remedy.
    if (code === "non-finite" && this.saying.kind !== "plain") {
      this.enter("failed", this.saying);
      return;
    }
    if (code === "device-lost" && this.recovery.begin(message, this.phase === "paused")) {
      this.enter("preparing", plain("The GPU was lost; opening it anew …"));
      this.session.renew();
      return;
    }
    if (code === "experiment" && this.state.experiment !== null) void this.countFaults(this.state.experiment);
    this.lost = code === "device-lost";
    this.enter(
      "failed",
      failure(this.lost ? `${withoutDriver(message)}. Press Reset to open the GPU anew; a run that was under way begins again.` : message),
    );
  }

  /** Many stand under the editor, and are not to be said once more in one breath. */
  private async countFaults(experiment: string): Promise<void> {
    const { length } = await this.check(experiment);
    if (length > 1 && this.phase === "failed" && this.state.experiment === experiment)
      this.say(failure(`${manyFaults(length).replace(/^t/, "T")}.`));
  }

  /** After the device was lost: from the last snapshot, or from the beginning where there is none. */
  private restart(): void {
    this.recovery.pending = false;
    this.start(this.phase === "paused" || this.recovery.paused, { type: "kept", id: this.runId, anew: true });
  }

  get experiment(): Given {
    const { choices, experiment } = this.state;
    return experiment ?? experimentOf(choices, nameOf(choices), this.own);
  }

  /** The experiment as it is trained: with the insight that the page looks at. */
  private get given(): Given {
    return this.state.inside ? withInsight(this.experiment) : this.experiment;
  }

  /** A run that is on, or is about to be. */
  get going(): boolean {
    return this.phase === "playing" || this.phase === "paused" || this.phase === "preparing";
  }

  /** What a run that goes on makes the page's state; the data's files are the run's own. */
  private get remembered(): Remembered {
    return { ...this.state, own: this.own };
  }

  /** The run to offer to go on with. */
  get left(): KeptRun | null {
    if (this.phase === "opening" || this.unusable !== "") return null;
    return leftRun(this.kept, this.going, this.history === null ? null : this.runId);
  }

  /** A run that is on goes on where it is, to the same end. */
  lookInside(inside: boolean): void {
    if (inside === this.state.inside) return;
    this.move({ ...this.state, inside });
    if (this.going) this.session.change({ experiment: this.given, text: looking(inside), state: this.remembered });
  }

  /** What the run that was begun last may go on with: another rate, clip or regulariser. */
  choose(choices: Choices): void {
    const before = this.state;
    const changed = differing(before.choices, choices);
    if (changed.length === 0 && before.experiment === null) {
      // A number that was mistyped goes all the same.
      this.events.moved(before);
      return;
    }
    this.move({ ...before, choices, experiment: null });
    // What was recorded cannot be changed.
    const going = this.going && this.unusable === "";
    if (going && before.experiment === null && changed.every((name) => LIVE.has(name))) {
      const text = changed.map((name) => `${name} ${choices[name]}`).join(", ");
      this.session.change({ experiment: this.given, text, state: this.remembered });
      this.events.changed();
    } else if (this.history) this.clear("The settings have changed. Press Play to train that net.");
    else this.events.changed();
  }

  /** An experiment edited by hand, or read from a link or a file. */
  edit(experiment: string): void {
    this.move({ ...this.state, experiment });
    this.clear("Press Play to train the experiment as it is written.");
  }

  /** `untouched` where nobody has asked for just this size. */
  open(state: Settings, untouched = false): void {
    this.move(untouched && this.light ? { ...state, choices: lighter(state.choices) } : state, untouched);
    if (this.history) this.clear("Press Play to train that net.");
  }

  private move(state: Settings, untouched = false): void {
    const { experiment } = this.state;
    if (experiment !== null && state.experiment !== experiment) this.aside = experiment;
    this.untouched = untouched;
    this.state = state;
    this.events.moved(state);
  }

  check(text: string): Promise<readonly string[]> {
    return this.session.check(text);
  }

  start(paused = false, begin: Beginning = { type: "anew" }): void {
    if (!this.canStart) return;
    if (this.lost) this.clear("");
    const { choices, experiment } = this.state;
    // A run that goes on has its files with it.
    if (begin.type !== "kept" && experiment === null && choices.data === "own" && !this.own) {
      this.enter(
        "idle",
        failure("These settings train on a file of one's own, and none is open: open a table or pictures under Your files."),
      );
      return;
    }
    const faults = begin.type === "kept" || experiment !== null ? [] : this.events.formFaults();
    if (faults.length > 0) {
      this.say(failure(`${faults.join("; ")}.`));
      return;
    }
    const name = nameOfNet(this.state);
    this.runId = begin.type === "kept" ? begin.id : this.unusable === "" ? crypto.randomUUID() : "";
    this.kept = this.kept.filter(({ id }) => id !== this.runId);
    if (begin.type !== "kept") this.note = "";
    this.history = new History(name, choices, this.experiment);
    this.history.files = this.files;
    const keep = { id: this.runId, name, state: this.remembered };
    this.session.start({ experiment: this.given, paused, begin, files: this.files, keep });
    this.enter(paused ? "paused" : "preparing", plain("Compiling the step …"));
  }

  /** Goes on with a run from its last snapshot, whose settings become the page's. */
  goOn(run: KeptRun, paused = false): void {
    const { own = null, ...settings } = run.state as Partial<Remembered>;
    this.own = own ?? this.own;
    this.move({ inside: false, ...settings } as Settings);
    this.start(paused, { type: "kept", id: run.id });
  }

  forget(id: string): void {
    this.kept = this.kept.filter((run) => run.id !== id);
    this.session.post({ type: "forget", id });
    this.events.changed();
  }

  /** Loads what may be wanted later. */
  fetchAhead(): void {
    this.session.post({ type: "ahead" });
  }

  /** Something besides training went wrong. */
  complain(text: string): void {
    this.say(failure(text));
  }

  /** Asks the worker what these files are. */
  openFiles(files: readonly File[]): void {
    this.session.post({ type: "open", id: ++this.asked, files });
  }

  /** Does with files what they are for. */
  useFiles(opened: OpenedFiles): void {
    if (opened.kind === "experiment") {
      this.edit(opened.text);
      return;
    }
    if (opened.kind === "weights") {
      this.start(true, { type: "weights", name: opened.name, bytes: opened.bytes });
      return;
    }
    this.files = opened.files;
    if (opened.kind === "data") {
      this.own = opened;
      this.move({ ...this.state, choices: { ...this.state.choices, data: "own" }, experiment: null });
      this.clear("Press Play to train on your data: the net's inputs and outputs are as many as they need.");
      return;
    }
    this.edit(opened.experiment);
    this.start(true, { type: "checkpoint", name: opened.name, bytes: opened.checkpoint });
    this.earlier = opened.rows;
  }

  /** The lines of metrics, now that the weights are known. */
  private takeEarlier(): void {
    const history = this.history!;
    const rows = this.earlier.flatMap(({ numbers, norms }) => [...numbers, ...history.weights.map((name) => norms[name] ?? Number.NaN)]);
    this.earlier = [];
    if (rows.length > 0) history.restore({ rows: Float32Array.from(rows), milliseconds: 0, evaluations: [], marks: [] });
  }

  /** Whether there is a net to ask. */
  get hasNet(): boolean {
    return this.unusable === "" && this.history !== null && this.history.weights.length > 0 && this.phase !== "failed";
  }

  saveWeights(): void {
    if (this.hasNet) this.session.post({ type: "save" });
  }

  saveRun(): void {
    if (this.hasNet) this.session.post({ type: "saveRun" });
  }

  read(pixels: Float32Array): void {
    if (this.hasNet) this.session.post({ type: "read", pixels });
  }

  /** The page is about to be hidden, and perhaps closed. */
  keep(): void {
    this.session.post({ type: "keep" });
  }

  /** Plays, pauses or goes on. */
  play(): void {
    if (this.phase === "playing" || this.phase === "preparing") {
      this.session.tell("pause");
      this.enter("paused", this.saying);
    } else if (this.phase === "paused") {
      this.session.tell("resume");
      this.enter(this.history!.weights.length > 0 ? "playing" : "preparing", this.saying);
    } else this.start();
  }

  /** A run that is over has no next step: Play again begins anew, and says so. */
  get canStep(): boolean {
    return this.canStart && this.phase !== "done";
  }

  step(): void {
    if (!this.canStep) return;
    if (this.phase === "playing" || this.phase === "preparing") this.play();
    else if (this.phase !== "paused") this.start(true);
    if (this.phase === "paused") this.session.tell("step");
  }

  /** Whether nets may be timed: the GPU is not to do anything else. */
  get atRest(): boolean {
    return this.unusable === "" && (this.phase === "idle" || this.phase === "done");
  }

  time(nets: readonly ToTime[], take: (milliseconds: readonly number[]) => void): void {
    this.timed = take;
    this.session.time(nets);
    this.say(plain("Measuring side by side …"));
  }

  reset(): void {
    if (this.history || this.lost) this.clear("Press Play.");
  }

  private clear(text: string): void {
    const reopening = this.recovery.pending;
    this.recovery.pending = false;
    if (this.lost) this.session.renew();
    else this.session.stop();
    this.history = null;
    this.note = "";
    this.earlier = [];
    if (this.unusable !== "") {
      this.note = `${RECORDED} Other nets can be built here, and trained where there is WebGPU.`;
      this.enter("unusable", failure(this.whyUnusable));
    } else if (this.phase === "opening") this.events.changed();
    else this.enter(this.lost || reopening ? "opening" : "idle", plain(text));
    this.lost = false;
  }
}
