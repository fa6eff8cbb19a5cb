/** What the bench command and its page tell each other. */
import type { ErrorFacts, PageEnvironment } from "../src/cli/wire.ts";
import type { Effort } from "./measure.ts";
import type { SuiteResult } from "./schema.ts";

export interface BenchJob {
  readonly suites: readonly string[];
  readonly effort: Effort;
  readonly sampleMilliseconds: number;
}

export type BenchEvent =
  | { readonly type: "opened"; readonly environment: PageEnvironment }
  | { readonly type: "line"; readonly text: string }
  | { readonly type: "suite"; readonly result: SuiteResult }
  | { readonly type: "failed"; readonly error: ErrorFacts }
  | { readonly type: "done" };
