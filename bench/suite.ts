/** What a suite is: a file in suites/ and a row in suites/index.ts. */
import type { Engine } from "../src/index.ts";
import type { Effort } from "./measure.ts";
import type { Entry } from "./schema.ts";

export interface SuiteContext {
  readonly gpu: Engine;
  readonly effort: Effort;
  /** Milliseconds that one sample should last: longer where the browser's clock for finished work is coarse. */
  readonly sampleMilliseconds: number;
  readonly tell: (line: string) => void;
}

export interface Suite {
  /** One sentence: what it measures. */
  readonly about: string;
  run(context: SuiteContext): Promise<Entry[]>;
}
