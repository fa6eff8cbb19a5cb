/** Stacks against float64: values and gradients, with what the same layers in kernels of their own may be off. */
import { describe, expect, it, vi } from "vitest";
import { sizeOf } from "../../src/core/shape.ts";
import { input } from "../../src/ops/define.ts";
import type { StackAttributes } from "../../src/ops/stack/stack.ts";
import { type Bounded, computeBounds } from "../support/errorBounds.ts";
import { spread } from "../support/float64.ts";
import { type GraphRun, runGraphs } from "../support/runGraphs.ts";
import { hardware, software } from "../support/runKernel.ts";
import { BODIES, type Body, type PartedCase, partedCase, partedGradients, stackCase, stackGradients } from "../support/stackCases.ts";
import { partly, thorough } from "../support/thorough.ts";

vi.setConfig({ testTimeout: 180_000 });

interface Case {
  readonly name: string;
  readonly body: Body;
  readonly width: number;
  readonly rows: number;
  readonly depth: number;
}

/** Whether an element is a parameter's: between two of them nothing is written, and it stays 0 in the arena. */
const coversOf =
  ({ round, stride }: StackAttributes) =>
  (at: number): boolean =>
    round.leaves.parameters.some(({ node, offset }) => at % stride >= offset && at % stride < offset + sizeOf(node.shape));

/** y, dx and the parameters' gradients as stacks compute them, with what the same ops by themselves may be off. */
async function worst(cases: readonly Case[], target = software): Promise<Record<string, number>> {
  const runs: GraphRun[] = [];
  const bounds: { readonly data: Float64Array; readonly off: Float64Array; readonly covers: (at: number) => boolean }[] = [];
  for (const { name, body, width, rows, depth } of cases) {
    const made = stackCase(body, width, rows, depth);
    const dy = input([rows, width], "f32");
    const values = new Map([...made.values, [dy, spread(rows * width, 9)]] as const);
    const what = `${name}, ${rows}×${width}, ${depth} deep`;
    const [y, dx, dParameters] = [made.y, ...stackGradients(made, made.y, dy)] as const;
    const [trueDx, trueParameters] = stackGradients(made, made.unfused, dy);
    runs.push({ what: `y of ${what}`, root: y, values }, { what: `dx of ${what}`, root: dx, values });
    runs.push({ what: `gradients of ${what}`, root: dParameters, values });
    const [boundY, boundDx, boundParameters] = computeBounds([made.unfused, trueDx, trueParameters], values) as [Bounded, Bounded, Bounded];
    bounds.push(...[boundY, boundDx].map((bound) => ({ ...bound, covers: () => true })), {
      ...boundParameters,
      covers: coversOf(made.attributes),
    });
  }
  const results = await runGraphs(runs, target);
  return Object.fromEntries(
    runs.map(({ what }, index) => {
      const { data: truth, off, covers } = bounds[index]!;
      const excess = results[index]!.map((value, at) => (value === truth[at] || !covers(at) ? 0 : Math.abs(value - truth[at]!) / off[at]!));
      return [what, excess.reduce((most, value) => (value <= most ? most : value), 0)];
    }),
  );
}

const tooFar = (found: Record<string, number>): string[] =>
  Object.entries(found).flatMap(([what, excess]) => (excess <= 1 ? [] : [`${what}: ${excess} times what is allowed`]));

describe("a repeat in two stacks", () => {
  // Of dropout, whose random numbers go on from one stack to the next.
  it("computes what its layers do, and bit for bit what one stack does", async () => {
    const [width, rows, depth] = [12, 17, 4];
    const dy = input([rows, width], "f32");
    const gradient = [dy, spread(rows * width, 9)] as const;
    const made = [2, 4].map((layersPerDispatch) => partedCase(BODIES.dropout, width, rows, depth, { layersPerDispatch }));
    const [two, one] = made as [PartedCase, PartedCase];
    expect(made.map(({ parts }) => parts.map(({ attributes }) => attributes.layers))).toEqual([[2, 2], [4]]);
    const runsOf = (parted: PartedCase): GraphRun[] =>
      [parted.y, ...partedGradients(parted, parted.y, dy)].map((root, index) => ({
        what: `output ${index} of ${parted.parts.length} stacks`,
        root,
        values: new Map([...parted.values, gradient]),
      }));
    const results = await runGraphs([...runsOf(two), ...runsOf(one)], software);
    const [y, dx, first, second, oneY, oneDx, whole] = results.map((values) => Array.from(values));
    expect(y).toEqual(oneY);
    expect(dx).toEqual(oneDx);
    const covers = coversOf(one.parts[0]!.attributes);
    const covered = (values: readonly number[]): number[] => values.filter((_, at) => covers(at));
    expect(covered([...first!, ...second!])).toEqual(covered(whole!));

    const truths = computeBounds([two.unfused, ...partedGradients(two, two.unfused, dy)], new Map([...two.values, gradient]));
    for (const [index, { data, off }] of truths.entries()) {
      const excess = results[index]!.map((value, at) =>
        index >= 2 && !covers(at) ? 0 : value === data[at] ? 0 : Math.abs(value - data[at]!) / off[at]!,
      );
      expect(
        excess.findIndex((own) => !(own <= 1)),
        `output ${index}`,
      ).toBe(-1);
    }
  });
});

describe("a stack computes what its layers do", () => {
  const all = Object.entries(BODIES).flatMap(([name, body]): Case[] => {
    const drops = name === "dropout" || name === "together";
    return (drops ? [12] : [12, 5]).map((width) => ({ name, body, width, rows: width === 12 ? 17 : 7, depth: 2 }));
  });

  it("with every element of a body alone, and together", async () => {
    const some = ["linear without bias", "layer norm", "together"];
    const cases = thorough ? all : all.filter(({ name, width }) => some.includes(name) && (width === 5 || name === "together"));
    expect(tooFar(await worst(cases))).toEqual([]);
  });

  it("at awkward sizes", async () => {
    const sizes = [
      [1, 1, 2],
      [5, 7, 50],
      [33, 17, 3],
      [64, 64, 3],
      [127, 7, 2],
      [128, 17, 2],
    ] as const;
    const cases = partly(sizes, ([width]) => (width % 4 === 0 ? "whole" : "ragged"), 2).map(([width, rows, depth]) => ({
      name: "tanh",
      body: BODIES.tanh,
      width,
      rows,
      depth,
    }));
    expect(tooFar(await worst(cases))).toEqual([]);
  });

  it("as a GPU would share the work", async () => {
    expect(tooFar(await worst([{ name: "layer norm", body: BODIES["layer norm"], width: 20, rows: 17, depth: 2 }], hardware))).toEqual([]);
  });
});
