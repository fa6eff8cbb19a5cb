/** What a suite of the benchmark is given, where nothing is timed: the clock stands, and nobody opens an engine or measures. */
import { FULL } from "../../bench/measure.ts";
import { Deadline } from "../../bench/method/deadline.ts";
import type { SuiteContext } from "../../bench/suite.ts";

export function suiteContext(more: Partial<SuiteContext>): SuiteContext {
  const clock = { now: () => 0 };
  return {
    effort: FULL,
    adapterClass: "software",
    clock,
    quantum: 0.005,
    seed: 7,
    deadline: new Deadline(clock, 100),
    quick: false,
    isWhole: true,
    tell: () => undefined,
    leave: () => undefined,
    open: () => Promise.reject(new Error("no engine is wanted here")),
    wants: () => true,
    version: () => undefined,
    measure: () => Promise.reject(new Error("nothing is measured in rounds here")),
    ...more,
  };
}
