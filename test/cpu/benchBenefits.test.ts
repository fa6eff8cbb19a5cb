/** What remedies buy, on an engine that does not train: what a stop and a failure leave. */
import { expect, it } from "vitest";
import { benefits, candidates } from "../../bench/suites/benefits.ts";
import type { Engine } from "../../src/index.ts";
import { suiteContext } from "../support/suiteContext.ts";

/** The suite of the first `count` candidates, whose training number i (from 0) does what `at[i]` says before it reports its first loss. */
async function run(count: number, at: Readonly<Record<number, () => void>>, signal?: AbortSignal) {
  const left: string[] = [];
  let trainings = 0;
  let disposed = 0;
  const train = async () => {
    const training = trainings++;
    return {
      prepare: async () => undefined,
      async *run() {
        for (let step = 0; step < 20; step++) {
          at[training]?.();
          yield { step, loss: 0.1 };
        }
      },
      dispose: () => void disposed++,
    };
  };
  const engine = { train, dispose: () => void disposed++ } as unknown as Engine;
  let asked = 0;
  const entries = await benefits(
    suiteContext({
      signal,
      isWhole: false,
      leave: (what) => void left.push(what),
      open: async () => engine,
      wants: () => asked++ < count,
    }),
  );
  return { entries: entries.map(({ title, samples }) => [title, samples]), left, trainings, disposed };
}

const [first, second, third] = candidates().map(({ variant }) => variant.title);

it("a stop keeps all that was trained until then, and ends it at once", async () => {
  const controller = new AbortController();
  const stop = (): never => {
    controller.abort();
    throw new Error("stopped");
  };
  const { entries, left, trainings, disposed } = await run(3, { 4: stop }, controller.signal);
  // All with the first seed, and one with the second.
  expect(entries).toEqual([
    [first, [10, 10]],
    [second, [10]],
    [third, [10]],
  ]);
  expect([left, trainings, disposed]).toEqual([[], 5, 5 + 1]);
});

it("a failure leaves one training out, and says so", async () => {
  const fail = (): never => {
    throw new Error("it broke");
  };
  const { entries, left, trainings } = await run(2, { 1: fail });
  expect(entries).toEqual([
    [first, [10, 10, 10, 10, 10]],
    [second, [10, 10, 10, 10]],
  ]);
  expect([left, trainings]).toEqual([[`${second}, seed 7: it broke`], 10]);
});

it("nothing is opened where nothing is asked for", async () => {
  expect(await run(0, {})).toEqual({ entries: [], left: [], trainings: 0, disposed: 0 });
});
