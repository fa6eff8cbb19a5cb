/** Activations that are computed again instead of kept: the same numbers, and memory that grows with the root of the depth. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { parseExperiment, prepareExperiment } from "../../src/experiment/index.ts";
import type { Node } from "../../src/graph/node.ts";
import { nn, optim } from "../../src/index.ts";
import { sum } from "../../src/ops/reduce.ts";
import { square } from "../../src/ops/unary.ts";
import { type Plan, planBytes } from "../../src/plan/types.ts";
import { planFaults } from "../support/checkPlan.ts";
import { computeFloat64, spread } from "../support/float64.ts";
import { traceModel } from "../support/modelFloat64.ts";
import { planTraining } from "../support/planningRuntime.ts";
import { waves } from "../support/waves.ts";

const ROWS = 256;
const WIDTH = 16;
/** Bytes of one layer's output. */
const LAYER = ROWS * WIDTH * 4;

const software = { adapterClass: "software", subgroups: false } as const;

async function planOf(depth: number, checkpoint?: number): Promise<Plan> {
  const model = nn.sequential(
    nn.repeat(depth, () => [nn.linear(WIDTH, WIDTH), nn.tanh()], checkpoint === undefined ? {} : { checkpoint }),
    nn.linear(WIDTH, 2),
  );
  const options = { model, loss: nn.meanSquaredError(), batchSize: ROWS, optimizer: optim.sgd({ learningRate: 0.1 }) };
  const [step] = await planTraining(options, waves(ROWS, WIDTH), software);
  return step!.plan;
}

const persistentBytes = ({ pools }: Plan): number => pools.reduce((bytes, pool) => bytes + (pool.persistent ? pool.bytes : 0), 0);
/** Activations, and gradients on their way through the layers. */
const activationBytes = (plan: Plan): number => plan.peakBytes - persistentBytes(plan);

/** What is alive at once by the dispatches alone: a value lives from the dispatch that writes it to the last that reads it before its memory is written again. */
function aliveAtMost({ dispatches, kernels, pools }: Plan): number {
  interface Life {
    readonly pool: number;
    readonly offset: number;
    readonly size: number;
    readonly from: number;
    to: number;
  }
  const lives: Life[] = [];
  const newest = pools.map((): Life[] => []);
  const overlap = (life: Life, offset: number, size: number): boolean => life.offset < offset + size && offset < life.offset + life.size;
  for (const [at, { kernel, bindings }] of dispatches.entries()) {
    const { access } = kernels[kernel]!;
    const pooled = bindings.flatMap(({ buffer, offset, size }, index) =>
      buffer.kind === "pool" && !pools[buffer.index]!.persistent
        ? [{ pool: buffer.index, offset, size, writes: access[index] !== "read" }]
        : [],
    );
    for (const { pool, offset, size, writes } of pooled)
      if (!writes) for (const life of newest[pool]!) if (overlap(life, offset, size)) life.to = at;
    for (const { pool, offset, size, writes } of pooled) {
      if (!writes) continue;
      const life: Life = { pool, offset, size, from: at, to: at };
      newest[pool] = [...newest[pool]!.filter((one) => !overlap(one, offset, size)), life];
      lives.push(life);
    }
  }
  const change = new Float64Array(dispatches.length + 1);
  for (const { from, to, size } of lives) {
    change[from]! += size;
    change[to + 1]! -= size;
  }
  let alive = 0;
  let most = 0;
  for (const own of change) {
    alive += own;
    most = Math.max(most, alive);
  }
  return most;
}

describe("peak bytes of a training step", () => {
  it.each([16, 64, 256])("of %i layers: every layer's output, or about two roots of them with checkpoints", async (depth) => {
    const root = Math.sqrt(depth);
    const plain = await planOf(depth);
    const checkpointed = await planOf(depth, root);
    for (const plan of [plain, checkpointed]) {
      expect(planFaults(plan)).toBe("");
      // What the planner counts is what its dispatches show; it rounds each value up to 256 bytes.
      const alive = aliveAtMost(plan);
      expect(activationBytes(plan)).toBeGreaterThanOrEqual(alive);
      expect(activationBytes(plan)).toBeLessThanOrEqual(1.05 * alive);
      // And what it allocates is little more: two values never share a buffer that one dispatch reads and writes.
      expect(planBytes(plan)).toBeLessThanOrEqual(1.25 * plan.peakBytes + 4 * LAYER);
    }
    console.log(`${depth} layers: ${activationBytes(plain) / LAYER} and ${activationBytes(checkpointed) / LAYER} layers' outputs alive`);
    expect(activationBytes(plain)).toBeGreaterThanOrEqual(depth * LAYER);
    expect(activationBytes(plain)).toBeLessThanOrEqual((depth + 4) * LAYER);
    // The border of each segment, the segment that is computed again, and a few on their way.
    expect(activationBytes(checkpointed)).toBeGreaterThanOrEqual(root * LAYER);
    expect(activationBytes(checkpointed)).toBeLessThanOrEqual((2 * root + 4) * LAYER);
  });

  it("stays that of the plain step where one segment holds everything", async () => {
    expect((await planOf(16, 16)).peakBytes).toBe((await planOf(16)).peakBytes);
  });
});

describe("the dispatches of a step with checkpoints", () => {
  it("are those of the plain step, and one for each layer that is computed again", async () => {
    const plain = await planOf(64);
    const checkpointed = await planOf(64, 8);
    // Seven of eight segments; of each the last layer's output is kept for the next segment.
    expect(checkpointed.dispatches.length - plain.dispatches.length).toBe(7 * 7);
    // Of the same kernels.
    expect(checkpointed.kernels).toHaveLength(plain.kernels.length);
  });
});

describe("gradients", () => {
  const layers = (): readonly nn.Module[] => [
    nn.residual(nn.linear(6, 6), nn.batchNorm(6), nn.gelu(), nn.dropout(0.3), { stochasticDepth: { rate: 0.3 } }),
    nn.linear(6, 6, { parametrization: "weightNorm" }),
    nn.layerNorm(6),
    nn.silu(),
    nn.auxiliary({ name: "head" }, nn.linear(6, 2)),
  ];
  const times = 5;
  const rows = 8;

  function gradientsOf(options: nn.CheckpointOptions): {
    values: Float64Array[];
    statistics: Float64Array[];
    nodes: readonly (Node | null)[];
  } {
    const { output, trace, valuesOf, parameters } = traceModel(
      nn.sequential(
        nn.repeat(times, (round) => layers().slice(0, round === 2 ? 5 : 4), options),
        nn.linear(6, 3),
      ),
      [rows, 6],
      true,
    );
    const roots = [output, ...trace.auxiliaryOutputs].map((node) => ({ node: sum(square(node)) }));
    const nodes = backward(roots, [...parameters.values()], { segments: trace.segments });
    const weights = new Map([...parameters.keys()].map((name, index) => [name, index]));
    const values = valuesOf(spread(rows * 6), (name, size) => spread(size, weights.get(name)! + 5));
    return {
      values: computeFloat64(
        nodes.map((node) => node!),
        values,
      ),
      statistics: computeFloat64(
        trace.batchStatistics.map((node) => node!),
        values,
      ),
      nodes,
    };
  }

  const plain = gradientsOf({});
  it.each([1, 2, 3, 4])("are the same with checkpoints between every %i rounds, dropout's numbers among them", (checkpoint) => {
    const again = gradientsOf({ checkpoint });
    expect(again.values).toEqual(plain.values);
    expect(again.statistics).toEqual(plain.statistics);
    expect(
      plain.values.every((value) => value.some((number) => number !== 0)),
      "gradients that tell anything",
    ).toBe(true);
    expect(sizeOf(plain.nodes[0]!.shape)).toBeGreaterThan(0);
  });

  it("may be asked for in a sequential too, and a segment within a segment is part of that", () => {
    const inner = (options: nn.CheckpointOptions): readonly (readonly number[])[] => {
      const model = nn.sequential(
        ...Array.from({ length: 6 }, () => nn.repeat(4, () => [nn.linear(6, 6), nn.tanh()], { checkpoint: 2 })),
        options,
      );
      const { output, trace, parameters, valuesOf } = traceModel(model, [rows, 6], true);
      const nodes = backward([{ node: sum(square(output)) }], [...parameters.values()], { segments: trace.segments });
      expect(trace.segments).toHaveLength(options.checkpoint === undefined ? 6 : 2 + 2);
      return computeFloat64(
        nodes.map((node) => node!),
        valuesOf(spread(rows * 6), (_, size) => spread(size, size)),
      ).map((value) => [...value]);
    };
    expect(inner({ checkpoint: 2 })).toEqual(inner({}));
  });
});

describe("the option", () => {
  it.each([[0], [1.5], ["2"], [-1]])("is a whole number from 1, and not %j", (checkpoint) => {
    expect(() => nn.repeat(3, () => nn.tanh(), { checkpoint: checkpoint as number })).toThrow(/nn\.repeat: checkpoint/);
    expect(() => nn.sequential(nn.tanh(), { checkpoint: checkpoint as number })).toThrow(/nn\.sequential: checkpoint/);
  });

  it("is a key of a repeat in an experiment", async () => {
    const layer = { type: "repeat", times: 9, checkpoint: 3, body: [{ type: "linear", units: 2 }, "tanh"] };
    const file = {
      format: "fathom-experiment/1",
      seed: 1,
      dataset: { type: "xor" },
      batchSize: 4,
      steps: 1,
      model: [layer, { type: "linear", units: 2 }],
      loss: "softmaxCrossEntropy",
      optimizer: { type: "sgd" },
      schedule: { type: "constant", initial: 0.1 },
    };
    const { options } = await prepareExperiment(parseExperiment(JSON.stringify(file)), () => Promise.reject(new Error("no file")));
    const { trace } = traceModel(options.model, [4, 2], true);
    expect(trace.segments).toHaveLength(2);
  });
});
