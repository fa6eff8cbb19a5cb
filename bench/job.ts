/** What asks for suites and what runs them tell each other. */
import type { ErrorFacts } from "../src/cli/wire.ts";
import type { BenchEnvironment, SuiteResult } from "./schema.ts";

export interface BenchJob {
  readonly suites: readonly string[];
  /** A trial: small nets, few and short samples. */
  readonly quick: boolean;
  /** That each suite may take. */
  readonly seconds: number;
  /** Samples of each thing; null for the preset. */
  readonly rounds: number | null;
  /** Parts of the suites: texts, one of which the name of what is measured must hold; all where there is none. */
  readonly only: readonly string[];
  /** Of initial weights, data, and the bootstrap. */
  readonly seed: number;
}

/** What only the place that has the GPU knows. */
export type OpenedEnvironment = Pick<
  BenchEnvironment,
  "adapter" | "adapterClass" | "vendor" | "architecture" | "features" | "limits" | "userAgent" | "timerQuantum"
>;

export type BenchEvent =
  | { readonly type: "opened"; readonly environment: OpenedEnvironment }
  /** `share` of the suite's time that is gone. */
  | { readonly type: "line"; readonly suite: string; readonly text: string; readonly share: number }
  | { readonly type: "suite"; readonly result: SuiteResult }
  /** The page was not in sight while it measured. */
  | { readonly type: "hidden" }
  | { readonly type: "failed"; readonly error: ErrorFacts }
  | { readonly type: "done" };
