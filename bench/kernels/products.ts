/** Matrix products by every tile of the matmul kernels, as plans of one dispatch. */
import type { Target } from "../../src/graph/op.ts";
import { chooseMatmul, type Tile } from "../../src/ops/matmulKernel.ts";
import { SHADERS } from "../../src/ops/shaders.ts";
import type { Plan, PlanDispatch } from "../../src/plan/types.ts";
import type { FilledPlan } from "./planRunner.ts";

/** N: as it is; T: transposed in memory. NT is a layer forward, NN the gradient of its input, TN that of its weight. */
export type Layout = "NN" | "NT" | "TN";

export interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly layout: Layout;
}

const ROWS = [8, 16, 32] as const;
const GROUPS: readonly (readonly [number, number])[] = [
  [4, 1],
  [4, 2],
  [8, 4],
];

export function tilesFor({ subgroups }: Target): readonly Tile[] {
  const register = [false, true].flatMap((quads) =>
    ROWS.flatMap((rows) => GROUPS.map((group): Tile => ({ shader: "matmul_register", rows, quads, group }))),
  );
  const tiled = ([32, 64] as const).map((span): Tile => ({ shader: "matmul_tiled", span }));
  return [...register.filter((tile) => subgroups || !("quads" in tile && tile.quads)), ...tiled];
}

export const tileName = (tile: Tile): string =>
  Object.entries(tile)
    .map(([key, value]) => (key === "shader" ? String(value).replace("matmul_", "") : `${key} ${value}`))
    .join(", ");

export const shapeName = ({ m, n, k, layout }: ProductShape): string => `${m} × ${n} × ${k} ${layout}`;

/** By the engine's own choice, if no tile is given. */
export function productPlan(
  { m, n, k, layout }: ProductShape,
  target: Target,
  tile?: Tile,
): FilledPlan & { readonly dispatch: PlanDispatch } {
  const [aTransposed, bTransposed] = [layout[0] === "T", layout[1] === "T"];
  const problem = {
    m,
    n,
    k,
    batch: [],
    aTransposed,
    bTransposed,
    aPitch: aTransposed ? m : k,
    bPitch: bTransposed ? k : n,
    aOffset: 0,
    bOffset: 0,
    bias: false,
    // As a layer's: the weight's gradient comes with the bias's.
    rowSum: aTransposed,
    ...target,
  };
  const { shader, defines, overrides, workgroups, width } = chooseMatmul(problem, tile);
  const epilogue = `alias F = ${width === 4 ? "vec4f" : "f32"};
@group(0) @binding(${aTransposed ? 3 : 2}) var<storage, read_write> result: array<F>;
fn epilogue(index: u32, value: F) {
  result[index / ${width}u] = value;
}`;
  const sizes = [m * k, k * n, ...(aTransposed ? [m] : []), m * n];
  const [columns, rows] = [Math.min(workgroups, 65535), Math.ceil(workgroups / 65535)];
  const dispatch: PlanDispatch = {
    kernel: 0,
    bindings: sizes.map((size, index) => ({ buffer: { kind: "input", index }, offset: 0, size: 4 * size })),
    workgroups: [columns, rows, 1],
    label: "product",
  };
  const plan: Plan = {
    kernels: [
      {
        name: shader,
        template: SHADERS[shader]!,
        defines: { ...defines, EPILOGUE: epilogue },
        constants: overrides,
        access: sizes.map((_, index) => (index < 2 ? "read" : "read_write")),
      },
    ],
    dispatches: [dispatch],
    pools: [],
    peakBytes: 0,
    inputs: sizes.map((size) => ({ shape: [size], dtype: "f32" })),
    outputs: [],
    states: {},
    constants: { bytes: 0, entries: [] },
  };
  const inputs = sizes.map((size, seed) => Float32Array.from({ length: size }, (_, at) => Math.sin(at * 1.7 + seed) / 8));
  return { plan, inputs, states: {}, scalars: [], dispatch };
}
