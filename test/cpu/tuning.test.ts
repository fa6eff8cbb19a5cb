/** Measured tiles go before the table, for the product that they were measured for and no other; without them the table chooses by class and shape. */
import { expect, it } from "vitest";
import { productKey, type Tile } from "../../src/core/tile.ts";
import type { Target } from "../../src/graph/op.ts";
import { input } from "../../src/ops/define.ts";
import { linear } from "../../src/ops/linear.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { chooseMatmul, type MatmulProblem, tilesFor } from "../../src/ops/matmulKernel.ts";
import { type Tuning, tileTable } from "../../src/ops/tuning.ts";
import { lower } from "../../src/plan/lower.ts";

const TARGETS: readonly Target[] = (["software", "hardware"] as const).flatMap((adapterClass) =>
  [false, true].map((subgroups) => ({ adapterClass, subgroups })),
);

/** What the kernel of the one product in a graph is told. */
function kernelOf(target: Target, kind: "NN" | "NT", m: number): string {
  const x = input([m, 20], "f32");
  const node = kind === "NN" ? matmul(x, input([20, 24], "f32")) : linear(x, input([24, 20], "f32"));
  const { name, defines, constants } = lower({ roots: [node], assignments: [], target }).plan.kernels[0]!;
  const { EPILOGUE: _, ...rest } = defines;
  return JSON.stringify([name, rest, constants]);
}

it.each(TARGETS)("each tile of $adapterClass, subgroups $subgroups, makes a kernel of its own, for its product alone", (target) => {
  const tiles = tilesFor({ m: 12, n: 24, k: 20, layout: "NN" }, target);
  const kernels = tiles.map((tile) => {
    const table = tileTable(tuningOf(tile), "here", target)!;
    expect([...table]).toEqual([[productKey(12, 24, 20, "NN"), tile]]);
    const tuned = { ...target, tiles: table };
    expect(kernelOf(tuned, "NT", 12), "another layout").toBe(kernelOf(target, "NT", 12));
    expect(kernelOf(tuned, "NN", 16), "other sizes").toBe(kernelOf(target, "NN", 16));
    return kernelOf(tuned, "NN", 12);
  });
  expect(new Set(kernels).size).toBe(tiles.length);
});

const tuningOf = (tile: Tile): Tuning => ({
  format: "fathom-tuning/1",
  adapter: "here",
  products: [{ m: 12, n: 24, k: 20, layout: "NN", tile }],
});

it("refuses tiles of another class, and knows none of another adapter", () => {
  const tuning = tuningOf({ shader: "matmul_tiled", span: 64 });
  expect(() => tileTable(tuning, "here", { adapterClass: "software", subgroups: true })).toThrow(/products\[0\]\.tile is .*matmul_tiled/);
  expect(tileTable(tuning, "there", { adapterClass: "software", subgroups: true })).toBeNull();
});

it("chooses by class and shape: large tiles where they leave work for every core, small ones for thin products", () => {
  const choiceOf = (m: number, n: number, k: number, batch: MatmulProblem["batch"] = []): unknown => {
    const { shader, defines, overrides } = chooseMatmul({
      ...{ m, n, k, batch, aTransposed: false, bTransposed: false, aPitch: k, bPitch: n, aOffset: 0, bOffset: 0 },
      ...{ bias: false, rowSum: false, adapterClass: "software", subgroups: true },
    });
    const group = [overrides["GROUP_X"], overrides["GROUP_Y"]];
    if (shader === "matmul_small") return ["small", ...group];
    const rows = defines["ROWS_32"] ? 32 : defines["ROWS_16"] ? 16 : 8;
    return [rows, defines["QUADS"], ...group];
  };
  expect(choiceOf(64, 64, 64)).toEqual([32, true, 4, 1]);
  expect(choiceOf(32, 32, 32), "two cores have work").toEqual([16, true, 4, 1]);
  expect(choiceOf(32, 32, 32, [{ size: 4, aStride: 1024, bStride: 1024 }])).toEqual([32, true, 4, 1]);
  expect(choiceOf(64, 10, 64)).toEqual(["small", 3, 4]);
  expect(choiceOf(10, 64, 64)).toEqual(["small", 8, 4]);
  expect(choiceOf(64, 64, 10)).toEqual(["small", 8, 4]);
  expect(choiceOf(1024, 10, 1024), "thin, but there is much of it").toEqual([8, true, 4, 1]);
  expect(choiceOf(1024, 8, 1024), "no neighbours to share with").toEqual([8, false, 1, 4]);
});
