/** One matrix product as a plan of one dispatch on buffers of its own, to be timed: how long it takes does not depend on the numbers. */
import type { ProductShape, Tile } from "../core/tile.ts";
import type { Target } from "../graph/op.ts";
import { chooseMatmul, plainEpilogue } from "../ops/matmulKernel.ts";
import { SHADERS } from "../ops/shaders.ts";
import type { Plan } from "./types.ts";

/** By the engine's own choice, if no tile is given. Its pools are A, B, where A is transposed the sums of its rows, and C. */
export function productPlan({ m, n, k, layout }: ProductShape, target: Target, tile?: Tile): Plan {
  const [aTransposed, bTransposed] = [layout[0] === "T", layout[1] === "T"];
  const pitches = { aPitch: aTransposed ? m : k, bPitch: bTransposed ? k : n, aOffset: 0, bOffset: 0 };
  // The gradient of a weight comes with that of the bias.
  const problem = { m, n, k, batch: [], aTransposed, bTransposed, ...pitches, bias: false, rowSum: aTransposed, ...target };
  const { shader, defines, overrides, workgroups, width } = chooseMatmul(problem, tile);
  const epilogue = plainEpilogue(aTransposed ? 3 : 2, width);
  const sizes = [m * k, k * n, ...(aTransposed ? [m] : []), m * n];
  return {
    kernels: [
      {
        name: shader,
        template: SHADERS[shader]!,
        defines: { ...defines, EPILOGUE: epilogue },
        constants: overrides,
        access: sizes.map((_, index) => (index < 2 ? "read" : "read_write")),
      },
    ],
    dispatches: [
      {
        kernel: 0,
        bindings: sizes.map((size, index) => ({ buffer: { kind: "pool", index }, offset: 0, size: 4 * size })),
        workgroups: [Math.min(workgroups, 65535), Math.ceil(workgroups / 65535), 1],
        label: "product",
      },
    ],
    pools: sizes.map((size) => ({ bytes: 4 * size, persistent: true })),
    peakBytes: 4 * sizes.reduce((sum, size) => sum + size, 0),
    inputs: [],
    outputs: [],
    states: {},
    constants: { bytes: 0, entries: [] },
  };
}
