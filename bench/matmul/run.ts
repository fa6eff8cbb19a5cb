/**
 * Times the matmul kernel at the shapes that training has: `node scripts/run.mjs bench/matmul/run.ts [--browser firefox] [--tiles] [--rounds 9] [SHAPE…]`.
 * A SHAPE is `64x64x64:NT` (m × n × k, then the layouts of A and B: N as it is, T transposed). `--tiles` tries every tile, which is how the table in
 * src/ops/matmulKernel.ts was made; without it the table's choice is timed.
 */
import { launchBrowser } from "../../src/cli/launchBrowser.ts";
import { servePage } from "../../src/cli/serve.ts";
import { specialize } from "../../src/gpu/specialize.ts";
import { chooseMatmul, type MatmulProblem, type Tile } from "../../src/ops/matmulKernel.ts";
import { SHADERS } from "../../src/ops/shaders.ts";
import { type KernelCase, measureInPage } from "./measureInPage.ts";

/** Forward, gradient of the input, and gradient of the weight, of a layer of 64 at batch 64, then of others. */
const SHAPES = [
  "64x64x64:NT",
  "64x64x64:NN",
  "64x64x64:TN",
  "128x64x64:NT",
  "32x32x32:NT",
  "64x10x64:NT",
  "64x64x10:NN",
  "10x64x64:TN",
  "1024x1024x1024:NN",
];

const GROUPS: readonly (readonly [number, number])[] = [
  [4, 1],
  [4, 2],
  [8, 4],
];

const TILES: readonly Tile[] = [
  ...[false, true].flatMap((quads) =>
    [false, true].flatMap((tall) => GROUPS.map((group): Tile => ({ shader: "matmul_register", tall, quads, group }))),
  ),
  { shader: "matmul_tiled", span: 32 },
  { shader: "matmul_tiled", span: 64 },
];

export async function main(args: readonly string[]): Promise<void> {
  const option = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const browserName = option("--browser") === "firefox" ? "firefox" : "chromium";
  const rounds = Number(option("--rounds") ?? 9);
  const named = args.filter((arg) => /^\d+x\d+x\d+:[NT][NT]$/.test(arg));
  const shapes = (named.length > 0 ? named : SHAPES).map(parseShape);
  const server = await servePage({
    page: new Map([["index.html", "<!doctype html><title>matmul</title>"]]),
    read: async () => undefined,
    write: async () => {},
  });
  const browser = await launchBrowser(browserName, { launch: { protocolTimeout: 600_000 } });
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    const hasSubgroups = await page.evaluate(async () => (await navigator.gpu.requestAdapter())?.features.has("subgroups") ?? false);
    for (const shape of shapes) {
      const problem: MatmulProblem = { ...shape.problem, subgroups: hasSubgroups };
      const tiles = args.includes("--tiles")
        ? TILES.filter((tile) => hasSubgroups || tile.shader === "matmul_tiled" || !tile.quads)
        : [undefined];
      const cases = tiles.map((tile) => kernelCase(problem, tile, browserName === "firefox" ? 2e9 : 2e7));
      console.log(shape.name);
      for (const { name, compile, first, fastest, median } of await page.evaluate(measureInPage, cases, rounds)) {
        const rate = (2 * problem.m * problem.n * problem.k) / fastest / 1e6;
        console.log(
          `  ${name.padEnd(24)} fastest ${fastest.toFixed(3)} ms  median ${median.toFixed(3)} ms  ${rate.toFixed(2)} GFLOP/s  compiled in ${compile.toFixed(0)} ms, first run ${first.toFixed(0)} ms`,
        );
      }
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

function parseShape(name: string): { readonly name: string; readonly problem: MatmulProblem } {
  const [sizes, layouts] = name.split(":") as [string, string];
  const [m, n, k] = sizes.split("x").map(Number) as [number, number, number];
  const aTransposed = layouts[0] === "T";
  const bTransposed = layouts[1] === "T";
  const strides = { aPitch: aTransposed ? m : k, bPitch: bTransposed ? k : n, aOffset: 0, bOffset: 0, batch: [] };
  // As a layer's: the weight's gradient comes with the bias's.
  const problem = {
    m,
    n,
    k,
    aTransposed,
    bTransposed,
    ...strides,
    bias: false,
    rowSum: aTransposed,
    adapterClass: "software",
    subgroups: false,
  } as const;
  return { name, problem };
}

/** The kernel with the plainest epilogue: it stores. `work` products of numbers are timed at once; Firefox tells the end of work only every 100 ms. */
function kernelCase(problem: MatmulProblem, tile: Tile | undefined, work: number): KernelCase {
  const { m, n, k } = problem;
  const { shader, defines, overrides, workgroups, width } = chooseMatmul(problem, tile);
  const epilogue = `alias F = ${width === 4 ? "vec4f" : "f32"};
@group(0) @binding(${problem.rowSum ? 3 : 2}) var<storage, read_write> result: array<F>;
fn epilogue(index: u32, value: F) {
  result[index / ${width}u] = value;
}`;
  return {
    name: nameOf(defines, overrides),
    code: specialize(shader, SHADERS[shader]!, { ...defines, EPILOGUE: epilogue }),
    constants: overrides,
    workgroups: [Math.min(workgroups, 65535), Math.ceil(workgroups / 65535)],
    sizes: [m * k, k * n, ...(problem.rowSum ? [m] : []), m * n],
    repeats: Math.max(1, Math.round(work / (m * n * k))),
  };
}

const nameOf = (defines: Readonly<Record<string, unknown>>, overrides: Readonly<Record<string, number>>): string =>
  defines["SPAN"] === undefined
    ? `${defines["TALL"] ? 16 : 8}×8${defines["QUADS"] ? " quads" : ""} group ${overrides["GROUP_X"]}×${overrides["GROUP_Y"]}`
    : `tiled ${defines["SPAN"]}`;
