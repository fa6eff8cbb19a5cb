/** The ways in which the benchmark runs deep nets: what each is planned to be. */
import { expect, it } from "vitest";
import { deepNet } from "../../bench/suites/depth.ts";
import { parseExperiment, prepareExperiment } from "../../src/index.ts";
import { planTraining } from "../support/planningRuntime.ts";

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
