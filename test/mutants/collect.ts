/** Stands for Vitest in the tests of kernels, and keeps them to be run again and again, with one mutant after another. */
export { expect, inject, vi } from "vitest";

type Body = (...args: unknown[]) => unknown;
type Given = readonly [name: string, ...rest: readonly unknown[]];

export interface KernelTest {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export const tests: KernelTest[] = [];
const before: Body[] = [];
const path: string[] = [];

/** What the file's beforeAll hooks do, once. */
export async function prepare(): Promise<void> {
  for (const hook of before.splice(0)) await hook();
}

const bodyOf = (rest: readonly unknown[]): Body => rest.find((one): one is Body => typeof one === "function")!;

function add(name: string, body: Body, args: readonly unknown[] = []): void {
  tests.push({ name: [...path, name].join(" > "), run: async () => void (await body(...args)) });
}

function each<T>(cases: readonly T[], one: (name: string, body: Body, args: readonly unknown[]) => void) {
  return (...[name, ...rest]: Given): void => {
    for (const [index, given] of cases.entries()) one(`${name} (${index})`, bodyOf(rest), Array.isArray(given) ? given : [given]);
  };
}

function within(name: string, body: Body, args: readonly unknown[] = []): void {
  path.push(name);
  body(...args);
  path.pop();
}

export const it = Object.assign((...[name, ...rest]: Given): void => add(name, bodyOf(rest)), {
  each: <T>(cases: readonly T[]) => each(cases, add),
});
export const test = it;
export const describe = Object.assign((...[name, ...rest]: Given): void => within(name, bodyOf(rest)), {
  each: <T>(cases: readonly T[]) => each(cases, within),
});
export const beforeAll = (hook: Body): void => void before.push(hook);
/** The page ends with the run. */
export const afterAll = (): void => {};
