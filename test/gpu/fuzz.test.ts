/**
 * Random graphs of fifteen steps and more, forward and backward, against float64 with error bounds that follow the graph: what finds faults in
 * fusing, memory and views. `npm run fuzz -- --runs 5000` draws that many on a new seed; `--seed` repeats one. The browser that compiles fast draws
 * 300, and the other 60 of its own: every graph is a handful of pipelines that nothing else needs.
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { sizeOf } from "../../src/core/shape.ts";
import type { Engine } from "../../src/engine.ts";
import type { Node } from "../../src/graph/node.ts";
import { open, type Tensor } from "../../src/index.ts";
import { pack } from "../../src/ops/pack.ts";
import type { StateBuffer } from "../../src/train/runtime.ts";
import { type Bounded, computeBounds } from "../support/errorBounds.ts";
import { buildGraph, COVERING, countOps, DRAWN, factsOf, LEAST, type RandomGraph, type Recipe, recipes } from "../support/randomGraph.ts";
import { thorough } from "../support/thorough.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** How many graphs, in the thorough browser and in another. */
    fuzz: { readonly all: number; readonly few: number; readonly seed: number };
  }
}

const { seed, all: most, few } = inject("fuzz");
const runs = thorough ? most : few;
/** Up to so many graphs are computed side by side: while the browser compiles for one, another is checked. */
const TOGETHER = 6;

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

/** Milliseconds after which what was found is reported, shrunk or not: on a busy machine pipelines may take a second each. */
const LIMIT = 300_000 + 2000 * runs;

/** Elements whose bound is that small beside the tensor's largest: a wrong value there is seen. */
const SHARP = 1e-3;
let sharp = 0;
let all = 0;

function compare(actual: ArrayLike<number>, { data, off, shape }: Bounded, what: string): void {
  expect(actual.length, what).toBe(data.length);
  const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 2 ** -100);
  for (const [index, value] of data.entries()) {
    all++;
    if (off[index]! <= SHARP * scale) sharp++;
    const difference = Math.abs(actual[index]! - value);
    if (!(difference <= off[index]!))
      expect.fail(`${what} [${shape.join()}] element ${index} of ${data.length}: ${actual[index]} for ${value}, allowed ±${off[index]}`);
  }
}

/** How often each op was computed, forward and in gradients. */
const reached = { forward: new Map<string, number>(), backward: new Map<string, number>() };

let drawnGraphs = 0;

function count(graph: RandomGraph): void {
  drawnGraphs++;
  const ops = countOps(graph);
  for (const way of ["forward", "backward"] as const)
    for (const name of ops[way]) reached[way].set(name, (reached[way].get(name) ?? 0) + 1);
  const facts = factsOf(graph.chosen);
  for (const fact of Object.keys(LEAST) as (keyof typeof LEAST)[]) expect(facts[fact], fact).toBeGreaterThanOrEqual(LEAST[fact]);
}

/** Leaves are tensors; all roots are read, in one plan. */
async function eagerly(recipe: Recipe): Promise<void> {
  const leaves: Tensor[] = [];
  const graph = buildGraph(recipe, (shape, dtype, values) => {
    const tensor = gpu.tensor(values, shape, dtype);
    leaves.push(tensor);
    return tensor.node;
  });
  count(graph);
  const tensors = graph.roots.map((node) => gpu.wrap(node));
  gpu.together(graph.roots);
  const truths = computeBounds(graph.roots, graph.values);
  const found = await Promise.all(tensors.map((tensor) => tensor.data()));
  for (const [index, data] of found.entries()) compare(data, truths[index]!, `root ${index}`);
  for (const tensor of [...tensors, ...leaves]) tensor.dispose();
}

const blocks = (node: Node): number => Math.ceil(sizeOf(node.shape) / 64) * 64;

/** As training does it: leaves are parts of a state, gradients are packed into one buffer, and results go to states. It runs twice, on the same memory. */
async function asProgram(recipe: Recipe): Promise<void> {
  const states: StateBuffer[] = [];
  const state = (name: string, size: number): StateBuffer => {
    const made = gpu.state(name, "f32", size);
    states.push(made);
    return made;
  };
  const parameters = state("parameters", 2 ** 15);
  let end = 0;
  const graph = buildGraph(recipe, (shape, dtype, values) => {
    const offset = end;
    end += Math.ceil(values.length / 64) * 64;
    parameters.write(values, offset);
    return parameters.node({ offset, shape, dtype });
  });
  expect(end).toBeLessThanOrEqual(parameters.size);
  count(graph);
  const { gradients } = graph;
  const packed = [...gradients.values()];
  const offsets = packed.map((_, index) => packed.slice(0, index).reduce((sum, node) => sum + blocks(node), 0));
  const size = packed.reduce((sum, node) => sum + blocks(node), 0);
  const results = graph.roots.map((node, index) => ({ state: state(`result ${index}`, sizeOf(node.shape)), node }));
  const arena =
    packed.length === 0
      ? []
      : [
          {
            state: state("gradients", size),
            node: pack(
              packed.map((node, index) => ({ node, offset: offsets[index]! })),
              size,
            ),
          },
        ];
  const program = await gpu.compileProgram({ label: "random graph", assignments: [...arena, ...results], states: [parameters] });
  for (let time = 0; time < 2; time++) void gpu.submit([program]);
  const truths = computeBounds(graph.roots, graph.values);
  const found = await Promise.all([...arena, ...results].map((one) => one.state.read()));
  const read = arena.length > 0 ? found.shift()! : null;
  for (const [index, data] of found.entries()) compare(data, truths[index]!, `root ${index}`);
  if (read) {
    const first = graph.roots.length - packed.length;
    packed.forEach((node, index) => {
      const [from, count] = [offsets[index]!, sizeOf(node.shape)];
      compare(read.subarray(from, from + count), truths[first + index]!, `gradient ${index} in the pack`);
      expect(
        read.subarray(from + count, from + blocks(node)).every((value) => value === 0),
        "padding stays zero",
      ).toBe(true);
    });
  }
  program.dispose();
  for (const one of states) one.dispose();
}

describe("random graphs", () => {
  it(`give what float64 gives (seed ${seed}, ${runs} graphs)`, { timeout: 2 * LIMIT }, async () => {
    const covering = COVERING.map((recipe, index) => [recipe, index % 2 === 0] as [Recipe, boolean]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(recipes, fc.boolean()), { minLength: 1, maxLength: TOGETHER, size: "max" }), async (drawn) => {
        await Promise.all(drawn.map(([recipe, program]) => (program ? asProgram(recipe) : eagerly(recipe))));
      }),
      {
        numRuns: Math.ceil((2 / TOGETHER) * runs),
        seed,
        examples: [[covering]],
        interruptAfterTimeLimit: LIMIT,
        markInterruptAsFailure: true,
      },
    );
    const lines = [...new Set([...reached.forward.keys(), ...reached.backward.keys()])]
      .sort()
      .map((name) => `${name} ${reached.forward.get(name) ?? 0}+${reached.backward.get(name) ?? 0}`);
    console.log(`random graphs, seed ${seed}, ${drawnGraphs} graphs; ops forward+backward: ${lines.join(", ")}`);
    expect(drawnGraphs, "graphs").toBeGreaterThanOrEqual(runs);
    expect(
      DRAWN.filter((name) => !reached.forward.has(name)),
      "ops that no graph has",
    ).toEqual([]);
    // Bounds that allow anything would prove nothing.
    expect(sharp / all, "share of elements with a sharp bound").toBeGreaterThan(0.8);
  });
});
