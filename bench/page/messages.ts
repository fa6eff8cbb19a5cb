/** What the page and its worker tell each other. */
import type { BenchEvent, BenchJob } from "../job.ts";

export type ToWorker = { readonly type: "run"; readonly job: BenchJob } | { readonly type: "stop" };

export interface SuiteFacts {
  readonly name: string;
  readonly about: string;
}

export type FromWorker = { readonly type: "suites"; readonly suites: readonly SuiteFacts[] } | BenchEvent;
