/**
 * Cases that differ in sizes alone, so that their shader's text and its numerics are those of their neighbours, run all in one browser and in part
 * in the other. The one is Firefox: its software adapter compiles a pipeline in a few milliseconds, that of Chromium in 30 to 300. What has a
 * shader's text of its own (a kernel, a variant, an op, a kind of layout) always runs in both.
 */
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The browsers of this run. */
    browsers: readonly ("chromium" | "firefox")[];
  }
}

/** Whether this browser runs all cases: Firefox, and Chromium where there is no Firefox. */
export const thorough = navigator.userAgent.includes("Firefox") || !inject("browsers").includes("firefox");

/** All cases in the thorough browser, else one of each kind: the `turn`-th, counted around. */
export function partly<T>(cases: readonly T[], kindOf: (one: T, index: number) => string | number, turn = 0): readonly T[] {
  if (thorough) return cases;
  const kinds = new Map<string | number, T[]>();
  for (const [index, one] of cases.entries()) {
    const kind = kindOf(one, index);
    const list = kinds.get(kind);
    if (list) list.push(one);
    else kinds.set(kind, [one]);
  }
  return [...kinds.values()].map((list, index) => list[(index + turn) % list.length]!);
}
