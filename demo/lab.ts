/** The page's state and what is done with it: choices or an experiment, the current run, and what the worker says of it. */
import type { DiagnosisKind } from "../src/index.ts";
import { type Choices, differing, LIVE, nameOf, STANDARD } from "./choices.ts";
import { experimentOf } from "./experimentOf.ts";
import { History } from "./history.ts";
import type { State } from "./link.ts";
import type { Given } from "./messages.ts";
import { type Remedy, remedyFor } from "./remedies.ts";
import { Session } from "./session.ts";

export type Phase = "opening" | "unusable" | "idle" | "preparing" | "playing" | "paused" | "done" | "failed";

export interface Saying {
  readonly text: string;
  readonly kind: DiagnosisKind | "plain" | "error";
  readonly remedy: Remedy | null;
}

export interface LabEvents {
  /** Something is to be drawn anew. */
  readonly changed: () => void;
  readonly checked: (faults: readonly string[]) => void;
  /** The state became another, by whatever way. */
  readonly moved: (state: State) => void;
}

const plain = (text: string): Saying => ({ text, kind: "plain", remedy: null });
const failure = (text: string): Saying => ({ text, kind: "error", remedy: null });

export class Lab {
  phase: Phase = "opening";
  state: State = { choices: STANDARD, experiment: null };
  saying: Saying = plain("Opening WebGPU …");
  adapter = "";
  history: History | null = null;
  private readonly events: LabEvents;
  private readonly session: Session;
  private lost = false;

  constructor(events: LabEvents) {
    this.events = events;
    this.session = new Session({
      opened: ({ adapter, software }) => {
        this.adapter = `Runs on ${adapter}${software ? ", which is no GPU but the processor: deep nets take a while" : ""}.`;
        if (this.phase === "opening")
          this.enter("idle", this.saying.kind === "error" ? this.saying : plain("Choose a stage of the story, or press Play."));
        else this.events.changed();
      },
      unusable: ({ message }) => this.enter("unusable", failure(message)),
      checked: ({ faults }) => this.events.checked(faults),
      prepared: (message) => {
        this.history!.prepare(message);
        const paused = this.phase === "paused";
        this.enter(paused ? "paused" : "playing", plain(paused ? "Ready: the right arrow makes one step." : "Training …"));
      },
      reports: ({ rows, milliseconds }) => {
        this.history!.append(rows, milliseconds);
        this.events.changed();
      },
      evaluated: ({ type: _type, run: _run, ...seen }) => {
        this.history!.evaluations.push(seen);
        this.events.changed();
      },
      plane: ({ cells }) => {
        this.history!.plane = cells;
        this.events.changed();
      },
      verdict: ({ kind, text }) => this.say({ text, kind, remedy: this.remedyAgainst(kind) }),
      done: () => this.enter("done", this.saying),
      failed: ({ code, message }) => this.fail(code, message),
    });
  }

  private enter(phase: Phase, saying: Saying): void {
    this.phase = phase;
    this.say(saying);
  }

  private say(saying: Saying): void {
    this.saying = saying;
    this.events.changed();
  }

  /** There is none for an experiment edited by hand, which the form does not know. */
  private remedyAgainst(kind: DiagnosisKind): Remedy | null {
    return this.state.experiment === null ? remedyFor(kind, this.state.choices) : null;
  }

  private fail(code: string, whole: string): void {
    // A kernel that does not compile comes with its source.
    const message = whole.split("\n", 1)[0]!;
    // The verdict says it in its own words, with a remedy.
    if (code === "non-finite" && this.saying.kind !== "plain") {
      this.enter("failed", this.saying);
      return;
    }
    this.lost = code === "device-lost";
    this.enter(
      "failed",
      failure(this.lost ? `${message}. Press Reset to open the GPU anew; a run that was under way begins again.` : message),
    );
  }

  get experiment(): Given {
    const { choices, experiment } = this.state;
    return experiment ?? experimentOf(choices, nameOf(choices));
  }

  /** What the run that was begun last may go on with: another rate, clip or regulariser. */
  choose(choices: Choices): void {
    const before = this.state;
    const changed = differing(before.choices, choices);
    if (changed.length === 0 && before.experiment === null) return;
    this.state = { choices, experiment: null };
    this.events.moved(this.state);
    const going = this.phase === "playing" || this.phase === "paused";
    if (going && before.experiment === null && changed.every((name) => LIVE.has(name))) {
      this.history!.marks.push({ step: this.history!.step, text: changed.map((name) => `${name} ${choices[name]}`).join(", ") });
      this.session.change(this.experiment);
      this.events.changed();
    } else if (this.history) this.clear("The settings have changed. Press Play to train that net.");
    else this.events.changed();
  }

  /** An experiment edited by hand, or read from a link or a file. */
  edit(experiment: string): void {
    this.state = { ...this.state, experiment };
    this.events.moved(this.state);
    this.clear("Press Play to train the experiment as it is written.");
  }

  open(state: State): void {
    this.state = state;
    this.events.moved(state);
    if (this.history) this.clear("Press Play to train that net.");
  }

  check(text: string): void {
    this.session.check(text);
  }

  start(paused = false): void {
    if (this.phase === "opening" || this.phase === "unusable") return;
    if (this.lost) this.clear("");
    const { choices, experiment } = this.state;
    this.history = new History(experiment === null ? nameOf(choices) : "by hand", choices, this.experiment);
    this.session.start(this.experiment, paused);
    this.enter(paused ? "paused" : "preparing", plain("Compiling the step …"));
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

  step(): void {
    if (this.phase === "playing" || this.phase === "preparing") this.play();
    else if (this.phase !== "paused") this.start(true);
    if (this.phase === "paused") this.session.tell("step");
  }

  reset(): void {
    if (this.history || this.lost) this.clear("Press Play.");
  }

  private clear(text: string): void {
    if (this.lost) this.session.renew();
    else this.session.stop();
    this.history = null;
    if (this.phase === "unusable" || this.phase === "opening") this.events.changed();
    else this.enter(this.lost ? "opening" : "idle", plain(text));
    this.lost = false;
  }
}
