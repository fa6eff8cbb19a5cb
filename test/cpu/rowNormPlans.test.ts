/** What norms of rows and of weights cost a training step, counted in its plan; and what their parameters begin as. */
import { describe, expect, it } from "vitest";
import { PlanningRuntime } from "../../bench/kernels/planningRuntime.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import * as init from "../../src/init/index.ts";
import * as nn from "../../src/nn/index.ts";
import { sgd } from "../../src/optim/index.ts";
import { resolveOptions, type TrainerOptions } from "../../src/train/options.ts";
import { createStates } from "../../src/train/trainerStates.ts";
import { planTraining } from "../support/planningRuntime.ts";
import { hardware, software } from "../support/runKernel.ts";

const train = { count: 8, x: new Float32Array(8 * 16), xScale: 1, y: new Float32Array(8 * 4), yShape: [4] };
const dataset: Dataset = { name: "zeros", sampleShape: [16], classes: null, train, test: null };

function optionsOf(model: nn.Module): TrainerOptions {
  return { model, loss: nn.meanSquaredError(), batchSize: 8, optimizer: sgd({ learningRate: 0.1 }) };
}

async function dispatches(model: nn.Module, target = software): Promise<number> {
  const [step] = await planTraining(optionsOf(model), dataset, target);
  return step!.plan.dispatches.length;
}

describe("dispatches of a step", () => {
  const net = (hidden: number, ...between: (() => nn.Module)[]): nn.Module =>
    nn.sequential(
      nn.repeat(hidden, () => [nn.linear(16, 16), ...between.map((make) => make())]),
      nn.linear(16, 4),
    );

  it.each<[string, () => nn.Module]>([
    ["layerNorm", () => nn.layerNorm(16)],
    ["rmsNorm", () => nn.rmsNorm(16)],
    ["groupNorm", () => nn.groupNorm(4, 16)],
    ["groupNorm of groups that do not divide by four", () => nn.groupNorm(8, 16, { affine: false })],
  ])("grow by one forward and one backward for each %s, its activation included", async (_, norm) => {
    for (const target of [software, hardware])
      for (const hidden of [1, 3]) {
        const plain = await dispatches(net(hidden, nn.tanh), target);
        expect((await dispatches(net(hidden, norm, nn.tanh), target)) - plain).toBe(2 * hidden);
      }
  });

  it.each(["weightNorm", "weightStandardization"] as const)(
    "grow by one forward and one backward for each weight under %s",
    async (parametrization) => {
      const plain = await dispatches(nn.sequential(nn.linear(16, 16), nn.tanh(), nn.linear(16, 4)));
      const normed = nn.sequential(nn.linear(16, 16, { parametrization }), nn.tanh(), nn.linear(16, 4, { parametrization }));
      expect((await dispatches(normed)) - plain).toBe(4);
    },
  );

  it("grow by one forward and one backward for a gate, and by at most three for learned slopes", async () => {
    const plain = await dispatches(nn.sequential(nn.linear(16, 8), nn.linear(8, 4)));
    expect((await dispatches(nn.sequential(nn.linear(16, 16), nn.glu(), nn.linear(8, 4)))) - plain).toBe(2);
    expect((await dispatches(nn.sequential(nn.linear(16, 16), nn.swiglu(), nn.linear(8, 4)))) - plain).toBe(2);
    expect((await dispatches(nn.sequential(nn.linear(16, 8), nn.prelu(), nn.linear(8, 4)))) - plain).toBeLessThanOrEqual(3);
    expect((await dispatches(nn.sequential(nn.linear(16, 8), nn.mish(), nn.linear(8, 4)))) - plain).toBe(0);
  });
});

describe("first values", () => {
  it("of weight_g are the norms of the rows that were drawn, so that W is what was drawn", () => {
    const runtime = new PlanningRuntime(software);
    const model = nn.sequential(
      nn.linear(16, 2, { parametrization: "weightNorm", init: init.constant(0.5), biasInit: init.constant(3) }),
      nn.linear(2, 3, { parametrization: "weightNorm" }),
    );
    const { arena } = createStates(runtime, resolveOptions(optionsOf(model)));
    const valuesOf = (name: string): Float32Array => {
      const { offset, size } = arena.segments.find((segment) => segment.name === name)!;
      return (runtime.contents["parameters"] as Float32Array).subarray(offset, offset + size);
    };
    expect([...valuesOf("0.weight_g")]).toEqual([2, 2]);
    expect([...valuesOf("0.bias")]).toEqual([3, 3]);
    const v = valuesOf("1.weight_v");
    expect([...valuesOf("1.weight_g")]).toEqual([0, 1, 2].map((row) => Math.fround(Math.sqrt(v[2 * row]! ** 2 + v[2 * row + 1]! ** 2))));
  });
});
