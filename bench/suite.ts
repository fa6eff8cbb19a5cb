/** What a suite is: a file in suites/ and a row in suites/index.ts. */
import type { Engine } from "../src/index.ts";
import type { Contestant, MeasureContext, SampleOptions } from "./measure.ts";
import type { Entry } from "./schema.ts";

export interface SuiteContext extends MeasureContext {
  /** A trial: nets and rows must shrink too, so that the whole suite takes seconds on a software adapter. */
  readonly quick: boolean;
  /** An engine with a device of its own, which has compiled nothing yet; the suite disposes of it. */
  open(): Promise<Engine>;
  /** Whether there is no `--only`. */
  readonly isWhole: boolean;
  /** Whether `--only` leaves it in; `measure` asks by itself. */
  wants(group: string, title?: string): boolean;
  /** Measures contestants in turns, within the suite's deadline or a part of it: `measure` of measure.ts, of those that are wanted. */
  measure(group: string, contestants: readonly Contestant[], options?: SampleOptions): Promise<Entry[]>;
  /** A library that takes part, for the document. */
  version(name: string, version: string): void;
}

/** Measures everything and gives all entries, for the document. Where it is stopped or fails, those that `measure` gave until then are kept. */
export type Suite = (context: SuiteContext) => Promise<readonly Entry[]>;

/** A row of suites/index.ts: the suite's module is loaded only where it runs. */
export interface SuiteRow {
  /** One sentence: what it measures. */
  readonly about: string;
  /** Its libraries want a browser; the command line refuses it in Node, and leaves it out where no suite is named. */
  readonly browserOnly?: boolean;
  /** How, where that is not in timed rounds. */
  readonly method?: string;
  load(): Promise<Suite>;
}
