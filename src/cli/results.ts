/** What came of a job: everything that the table, the files and the report are made from. */

import type { Diagnosis } from "../train/diagnose.ts";
import type { Report } from "../train/report.ts";
import type { Spread } from "./statistics.ts";
import type { ErrorFacts, PageEnvironment, Scores, StepCounters } from "./wire.ts";

export interface RunEnvironment extends PageEnvironment {
  readonly fathom: string;
  readonly browser: string;
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly logicalProcessors: number;
  readonly date: string;
}

export interface NetResult {
  readonly name: string;
  readonly title: string;
  readonly experiment: unknown;
  readonly reports: readonly Report[];
  readonly scores: Scores | null;
  readonly counters: StepCounters | null;
  readonly parameters: number | null;
  readonly seed: number | null;
  readonly verdict: Diagnosis;
  /** Why training ended early, if it did. */
  readonly stopped: ErrorFacts | null;
  readonly trainingMilliseconds: number | null;
  /** Milliseconds a step, measured side by side after training. */
  readonly stepTime: (Spread & { readonly stepsInBlock: number }) | null;
}

export interface RunResult {
  readonly title: string;
  /** The net that the others' step time is compared with. */
  readonly plain: string | null;
  readonly environment: RunEnvironment;
  readonly nets: readonly NetResult[];
}

/** A step's time over the plain net's; 1 for that net itself. */
export function overhead(result: RunResult, net: NetResult): number | null {
  const plain = result.nets.find(({ name }) => name === result.plain);
  return plain?.stepTime && net.stepTime ? net.stepTime.median / plain.stepTime.median : null;
}
