/** The ways in which the benchmark runs deep nets: what each is planned to be. */
import { expect, it } from "vitest";
import { entryOf } from "../../bench/measure.ts";
import type { Entry } from "../../bench/schema.ts";
import { deepNet, depth } from "../../bench/suites/depth.ts";
import { parseExperiment, prepareExperiment } from "../../src/index.ts";
import { planTraining } from "../support/planningRuntime.ts";
import { suiteContext } from "../support/suiteContext.ts";

const SIZE = { depth: 65, width: 32, batchSize: 32 };

it("are layer by layer, as a stack, as the engine chooses, and with checkpoints", async () => {
  const planned = async (way: Parameters<typeof deepNet>[0]) => {
    const { dataset, options } = await prepareExperiment(parseExperiment(deepNet(way, SIZE, 7)));
    const [step] = await planTraining(options, dataset, { adapterClass: "software", subgroups: false });
    return { dispatches: step!.plan.dispatches.length, peakBytes: step!.plan.peakBytes };
  };
  const [never, always, auto, checkpoint] = await Promise.all((["never", "always", "auto", "checkpoint"] as const).map(planned));
  expect(never!.dispatches).toBeGreaterThan(3 * 64);
  expect(always!.dispatches).toBeLessThanOrEqual(16);
  // 64 layers of 32 are where a stack was measured to win.
  expect(auto).toEqual(always);
  // One product more for most layers, and of 64 activations of 4 KB each about 16.
  expect(checkpoint!.dispatches).toBeGreaterThan(never!.dispatches + 40);
  expect(never!.peakBytes - checkpoint!.peakBytes).toBeGreaterThan(40 * 4096);
});

it("measures whole steps for its promises under names of their own, and makes a layer's time of them", async () => {
  const given: Entry[] = [];
  const context = suiteContext({
    // The deep one takes part in fewer rounds, as it does where its sample takes long.
    async measure(group, contestants) {
      const entries = contestants.map((one) => {
        const samples = one.title.startsWith("1000 ") ? [1200, 1210, 1190, 1200, 1200, 1200] : new Array<number>(8).fill(50);
        return { ...entryOf(one, group, samples, context), compileMilliseconds: 500 };
      });
      given.push(...entries);
      return entries;
    },
  });
  const entries = await depth(context);
  for (const all of [given, entries]) {
    const ids = all.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  }
  const promised = entries.filter(({ group }) => group === "promises");
  expect(promised.map(({ id, title, median }) => [id, title, median])).toEqual([
    ["promise-50", "50 layers, for the promise", 50],
    ["promise-1000", "1000 layers, for the promise", 1200],
    ["layer-shallow", "a layer of 50", 1],
    ["layer-deep", "a layer of 1000", 1.2],
    ["compile-deep", "compiling 1000 layers", 500],
  ]);
  expect(promised[3]!.comparison).toMatchObject({ over: "layer-shallow", ratio: expect.closeTo(1.2), met: "yes" });
  expect(given.filter(({ title }) => title.startsWith("a layer"))).toEqual([]);
});
