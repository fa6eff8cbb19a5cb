/** Which repeats become stacks, into how many dispatches they are split, and why others stay as they are. */
import { describe, expect, it } from "vitest";
import { PlanningRuntime } from "../../bench/kernels/planningRuntime.ts";
import { topologicalOrder } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { nn, optim } from "../../src/index.ts";
import { mostLayers } from "../../src/ops/stack/limits.ts";
import { stackOp } from "../../src/ops/stack/stack.ts";
import { layersPerDispatch, wins } from "../../src/train/depthChoice.ts";
import { loadFusion } from "../../src/train/depthRequest.ts";
import { resolveOptions, type TrainerOptions } from "../../src/train/options.ts";
import { createStates } from "../../src/train/trainerStates.ts";
import { checkGradients, computeFloat64 } from "../support/float64.ts";
import { BODIES, type Body, stackCase, tracedStack } from "../support/stackCases.ts";

describe("a stack's reference", () => {
  it.each(Object.entries(BODIES))("of %s is what the ops by themselves compute, and its gradient follows from it", (_, body) => {
    const made = stackCase(body, 4, 3, 2);
    const [y, unfused] = computeFloat64([made.y, made.unfused], made.values) as [Float64Array, Float64Array];
    expect(Math.max(...y.map((value, index) => Math.abs(value - unfused[index]!)))).toBeLessThan(1e-12);
    for (const { worst } of checkGradients(made.y, [made.x, made.parameters], made.values)) expect(worst).toBeLessThan(1e-6);
  });
});

describe("what is not fused", () => {
  const reasonOf = (body: Body, width = 12, rows = 8, more: Parameters<typeof tracedStack>[4] = {}): string =>
    tracedStack(body, width, rows, 3, more).trace.fusionNotes.join();
  let round = 0;

  it.each<[string, RegExp, () => string]>([
    ["nothing", /is fused into one stack$/, () => reasonOf(BODIES.together)],
    ["batch-norm", /batchNorm does not work row by row/, () => reasonOf((width) => [nn.linear(width, width), nn.batchNorm(width)])],
    ["more than 128 features", /129 wide; a stack takes up to 128/, () => reasonOf(BODIES.tanh, 129)],
    ["more than 512 rows", /513 rows; a stack takes up to 512/, () => reasonOf(BODIES.tanh, 4, 513)],
    ["dropout of odd widths", /dropout .* no multiple of 4/, () => reasonOf(BODIES.dropout, 5)],
    [
      "rounds that differ",
      /round 1 differs from round 0/,
      () => reasonOf((width) => [nn.linear(width, width), round++ === 1 ? nn.relu() : nn.tanh()]),
    ],
    ["another width inside", /does not work row by row/, () => reasonOf((width) => [nn.linear(width, 7), nn.linear(7, width)])],
    ["a learned scale", /does not work row by row/, () => reasonOf((width) => [nn.residual(nn.linear(width, width), { scale: "rezero" })])],
    ["no linear layer", /no linear layer/, () => reasonOf((width) => [nn.layerNorm(width)])],
    ["nothing to learn", /no parameters/, () => reasonOf(() => [nn.tanh()])],
    ["some frozen", /are frozen, and others are not/, () => reasonOf(BODIES.tanh, 12, 8, { frozen: (segment) => segment === 1 })],
    ["what does not win", /does not say that it wins/, () => reasonOf(BODIES.tanh, 12, 8, { mode: "auto" })],
  ])("%s", (_, message, reason) => {
    expect(reason()).toMatch(message);
  });

  it("is all where a trainer does not want it, or looks at activations", async () => {
    const options: TrainerOptions = {
      model: nn.sequential(
        nn.repeat(3, () => BODIES.tanh(4)),
        nn.linear(4, 2),
      ),
      loss: nn.meanSquaredError(),
      batchSize: 4,
      optimizer: optim.sgd({ learningRate: 0.1 }),
    };
    const runtime = new PlanningRuntime({ adapterClass: "software", subgroups: false });
    const fuse = async (more: Partial<TrainerOptions>) => {
      const resolved = resolveOptions({ ...options, ...more });
      return loadFusion(runtime, resolved, createStates(runtime, resolved));
    };
    expect((await fuse({ depthFusion: "never" }))!(undefined as never)).toMatch(/never/);
    expect((await fuse({ depthFusion: "always", insight: {} }))!(undefined as never)).toMatch(/insight looks at each/);
    expect(await fuse({ model: nn.linear(4, 2) })).toBeNull();
    expect(() => resolveOptions({ ...options, depthFusion: "maybe" as never })).toThrow(/"auto", "always" or "never"|auto.*always.*never/);
  });
});

describe("long stacks", () => {
  it("are split where a dispatch would run too long, as equally as may be", () => {
    const { output, trace } = tracedStack(BODIES.tanh, 12, 8, 7, { layersPerDispatch: 3 });
    const stacks = topologicalOrder([output]).filter(({ op }) => op === stackOp);
    expect(stacks.map(({ attributes }) => attributes.layers)).toEqual([2, 2, 3]);
    expect(trace.fusionNotes[0]).toMatch(/into 3 stacks$/);
    // Each is told by the number of its first layer, and has its own part of the arena.
    expect(stacks.map((node) => trace.layers.get(node))).toEqual([0, 2, 4]);
    expect(trace.blocks.map(({ firstSegment, segments }) => [firstSegment, segments])).toEqual([
      [0, 4],
      [4, 4],
      [8, 6],
    ]);
    const [first, second] = trace.blocks.map(({ offset }) => offset) as [number, number];
    expect(second - first).toBe(2 * stacks[0]!.attributes.stride);
  });

  it("fit 1,000 layers of 32 into one dispatch, and none takes forever", () => {
    const size = { adapterClass: "software", width: 32, rows: 32, layers: 1000 } as const;
    expect(layersPerDispatch(size)).toBeGreaterThanOrEqual(1000);
    expect(layersPerDispatch({ ...size, width: 128, rows: 512 })).toBeLessThanOrEqual(10);
    expect(wins({ ...size, layers: 2 })).toBe(false);
  });

  const software = { adapterClass: "software", subgroups: false } as const;
  const most = (body: Body, width: number, rows: number, target: Target = software): number =>
    mostLayers(stackCase(body, width, rows, 1).attributes, target);
  const normed: Body = (width) => [nn.residual(nn.layerNorm(width), nn.linear(width, width), nn.tanh())];

  it("end before an invocation of a software adapter has gone too many rounds", () => {
    expect(most(BODIES.tanh, 32, 32)).toBeGreaterThanOrEqual(1000);
    // Of 16 fours, four rows to eight invocations. A norm: thrice 16 fours, and ends of loops; a product: 16 fours and 8 pieces; 8 elements.
    const forward = 9 + (1 + 3 * 17 + 1) + (1 + 17 + 9 + 1) + 1;
    expect(most(normed, 64, 4)).toBeLessThanOrEqual(Math.floor(60_000 / forward));
    expect(most(normed, 64, 4)).toBeGreaterThan(Math.floor(50_000 / forward));
    // Philox goes ten rounds for every four elements.
    expect(most(BODIES.dropout, 32, 32)).toBeLessThan(most(BODIES.tanh, 32, 32) / 3);
  });

  it("end before what they keep is more than can be bound", () => {
    // Of each layer an input of 512 × 128; the last layer's output lies behind them.
    expect(most(BODIES.linear, 128, 512, { adapterClass: "hardware", subgroups: false })).toBe(2 ** 27 / (4 * 512 * 128) - 1);
    expect(most(BODIES.linear, 128, 1, { adapterClass: "hardware", subgroups: false })).toBe(Math.floor(2 ** 25 / (128 * 128 + 128)));
  });

  it("become parts", () => {
    const { trace } = tracedStack(normed, 64, 4, 700);
    expect(trace.fusionNotes[0]).toMatch(/into 2 stacks$/);
  });
});
