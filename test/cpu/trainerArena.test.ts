/** The arena's layout, the data order, the ring's records and Adam's table: all that the trainer computes on the CPU. */
import { describe, expect, it } from "vitest";
import { permutation } from "../../src/core/random.ts";
import { recordWords } from "../../src/ops/arena/layout.ts";
import { adamTable, adamTableLength } from "../../src/optim/adamTable.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { DataOrder } from "../../src/train/order.ts";
import { decodeRecord, nonFiniteError, ringSlots } from "../../src/train/report.ts";

/** The float32 1 as bits. */
const ONE = 0x3f800000;

describe("arena", () => {
  const parameters = [
    { name: "0.weight", role: "weight", shape: [100, 83] },
    { name: "0.bias", role: "bias", shape: [100] },
    { name: "1.weight", role: "normScale", shape: [64] },
    { name: "1.bias", role: "normShift", shape: [1] },
    { name: "2.weight", role: "activation", shape: [1] },
    { name: "3.alpha", role: "residualScale", shape: [1] },
  ] as const;
  const arena = layOutArena(parameters);

  it("begins each segment at a multiple of 64 elements", () => {
    // 8300 → 8320, 100 → 128, 64 → 64, 1 → 64.
    expect(arena.segments.map(({ offset, size }) => [offset, size])).toEqual([
      [0, 8300],
      [8320, 100],
      [8448, 64],
      [8512, 1],
      [8576, 1],
      [8640, 1],
    ]);
    expect(arena.size).toBe(8704);
  });

  it("cuts segments into chunks of at most 4096 that cross no segment", () => {
    expect(arena.chunkCount).toBe(8);
    const rows = Array.from({ length: 8 }, (_, chunk) => [...arena.chunks.subarray(chunk * 8, chunk * 8 + 8)]);
    expect(rows).toEqual([
      [0, 4096, 0, 0, 83, 0, ONE, ONE],
      [4096, 4096, 0, 0, 83, 0, ONE, ONE],
      [8192, 108, 0, 0, 83, 0, ONE, ONE],
      [8320, 100, 1, 1, 100, 0, ONE, ONE],
      [8448, 64, 2, 2, 64, 0, ONE, ONE],
      [8512, 1, 3, 3, 1, 0, ONE, ONE],
      [8576, 1, 4, 4, 1, 0, ONE, ONE],
      [8640, 1, 5, 5, 1, 0, ONE, ONE],
    ]);
    expect([...arena.segmentTable]).toEqual([0, 3, 3, 1, 4, 1, 5, 1, 6, 1, 7, 1]);
  });

  it("has room for a model without parameters", () => {
    expect(layOutArena([])).toMatchObject({ segments: [], size: 64, chunkCount: 0 });
  });
});

describe("data order", () => {
  const rowsOf = (order: DataOrder, steps: number): number[][] => {
    const table = new Uint32Array(order.size);
    return Array.from({ length: steps }, (_, step) => {
      order.prepare(step, (rows, offset) => table.set(rows, offset));
      return Array.from({ length: order.batchSize }, (_, row) => table[(order.start(step) + row) % order.size]!);
    });
  };

  it("takes row (k·B + i) mod N in file order", () => {
    const rows = rowsOf(new DataOrder("sequential", 10, 4, 0), 12);
    expect(rows.flat()).toEqual(Array.from({ length: 48 }, (_, position) => position % 10));
  });

  it("visits each row once an epoch, batches running on, by the seed", () => {
    for (const [count, batch] of [
      [10, 4],
      [10, 10],
      [7, 3],
      [5, 16],
      [1, 3],
      [64, 64],
    ] as const) {
      const flat = rowsOf(new DataOrder("shuffled", count, batch, 5), 40).flat();
      for (let epoch = 0; (epoch + 1) * count <= flat.length; epoch++)
        expect(flat.slice(epoch * count, (epoch + 1) * count), `${count} rows, batch ${batch}, epoch ${epoch}`).toEqual([
          ...permutation(count, 5, epoch),
        ]);
    }
  });

  it("continues from any step, as a restored trainer does", () => {
    const whole = rowsOf(new DataOrder("shuffled", 10, 4, 9), 9);
    const order = new DataOrder("shuffled", 10, 4, 9);
    const table = new Uint32Array(order.size);
    order.prepare(7, (rows, offset) => table.set(rows, offset));
    expect(Array.from({ length: 4 }, (_, row) => table[(order.start(7) + row) % order.size])).toEqual(whole[7]);
  });

  it("writes at most one permutation a step where a batch is shorter than an epoch", () => {
    const order = new DataOrder("shuffled", 10, 4, 9);
    for (let step = 0; step < 50; step++) {
      let writes = 0;
      order.prepare(step, () => writes++);
      expect(writes).toBeLessThanOrEqual(1);
    }
  });
});

describe("records", () => {
  const { segments } = layOutArena([
    { name: "0.weight", role: "weight", shape: [2, 2] },
    { name: "0.bias", role: "bias", shape: [2] },
  ]);
  const words = new Uint32Array(2 * recordWords(2));
  const floats = new Float32Array(words.buffer);
  words.set([12, 3, 4, 0xffffffff], 18);
  floats.set([1.5, 0.25, 3, 0.5, 0.125], 22);
  words[27] = 11;
  floats.set([Number.NaN, 2.5], 34);

  it("are read as the arena contract lays them out", () => {
    const { report, nonFinite, stopped } = decodeRecord(words, 1, segments);
    expect(report).toEqual({
      step: 12,
      loss: 1.5,
      regularization: 0.25,
      gradientNorm: 3,
      clipScale: 0.5,
      learningRate: 0.125,
      appliedStep: 11,
      skipped: true,
      layers: [
        { name: "0.weight", role: "weight", gradientNorm: Number.NaN },
        { name: "0.bias", role: "bias", gradientNorm: 2.5 },
      ],
    });
    expect(nonFinite).toEqual({ step: 12, layer: 4, segment: null });
    expect(stopped).toBe(false);
  });

  it("say in words what was not finite: the layer, the parameter or the loss", () => {
    const layers = ["0 (linear 2 → 2)", "2 (linear 2 → 2)"];
    const text = (layer: number | null, segment: number | null): string =>
      nonFiniteError({ step: 7, layer, segment }, layers, segments).message;
    expect(text(1, 0)).toContain("step 7: the output of layer 1, 2 (linear 2 → 2), is not finite");
    expect(text(null, 1)).toContain("the gradient of 0.bias is not finite");
    expect(text(null, null)).toContain("the loss is not finite");
    expect(nonFiniteError({ step: 7, layer: 1, segment: 0 }, layers, segments).details).toEqual({
      step: 7,
      layer: 1,
      layerName: "2 (linear 2 → 2)",
      parameter: "0.weight",
    });
  });

  it("share a ring of bounded size", () => {
    expect(ringSlots(4)).toBe(64);
    expect(ringSlots(25_000)).toBe(10);
    expect(ringSlots(10_000_000)).toBe(2);
  });
});

describe("Adam's table", () => {
  it("holds the corrections, rounded once from float64", () => {
    const table = adamTable(0.9, 0.999);
    for (const t of [1, 2, 10, 1000, 10_000]) {
      expect(table[2 * t - 2]).toBe(Math.fround(1 / (1 - 0.9 ** t)));
      expect(Math.abs(table[2 * t - 1]! * Math.sqrt(1 - 0.999 ** t) - 1)).toBeLessThan(2 ** -24 * 1.001);
    }
  });

  it("ends where both are 1 in float32, and not before", () => {
    for (const [beta1, beta2] of [
      [0.9, 0.999],
      [0, 0.5],
      [0.95, 0.9],
      [0, 0],
    ] as const) {
      const table = adamTable(beta1, beta2);
      expect(table.length).toBe(2 * adamTableLength(beta1, beta2));
      expect([...table.slice(-2)]).toEqual([1, 1]);
      if (table.length > 4) expect(Math.max(...table.slice(0, Math.floor(table.length / 4) * 2))).toBeGreaterThan(1);
    }
    expect(adamTableLength(0.9, 0.999)).toBeLessThan(17_400);
  });
});
