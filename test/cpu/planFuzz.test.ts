/** Random graphs, forward and backward, are planned into what WebGPU accepts; the same seeds every time, and more where the environment says so. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { pack } from "../../src/ops/pack.ts";
import { lower } from "../../src/plan/lower.ts";
import { planFaults } from "../support/checkPlan.ts";
import { buildGraph, factsOf, LEAST, type RandomGraph, type Recipe, recipes } from "../support/randomGraph.ts";

const RUNS = Number(process.env["FATHOM_FUZZ_RUNS"] ?? 0);
const settings = { numRuns: RUNS > 0 ? 10 * RUNS : 150, seed: RUNS > 0 ? Date.now() % 2 ** 31 : 1 };

const targets: readonly Target[] = [
  { adapterClass: "software", subgroups: true },
  { adapterClass: "hardware", subgroups: false },
];

/** Found by this test: a unit that was split came together again with an older item in front, and was split at the same place for ever. */
const RESPLIT: Recipe = {
  shapes: [[], [], []],
  steps: (
    "6,0,0,0,0 0,637,0,0,0 0,0,0,0,0 0,0,0,0,0 16,0,0,0,0 14,0,0,0,0 16,0,0,0,0 0,0,0,0,0 33,0,0,0,0 " +
    "14,0,0,0,0 16,0,0,0,0 14,0,0,0,0 0,66,0,0,0 16,0,0,0,0 30,7,832,31,0 14,0,0,0,0 8,628,517,0,0"
  )
    .split(" ")
    .map((step) => step.split(",").map(Number) as unknown as Recipe["steps"][number]),
  roots: [0],
};

/** As training does it: gradients side by side in one buffer. */
function packed({ gradients }: RandomGraph): Node | null {
  let size = 0;
  const parts = [...gradients.values()].map((node) => {
    const part = { node, offset: size };
    size += Math.ceil(node.shape.reduce((all, own) => all * own, 1) / 64) * 64;
    return part;
  });
  return parts.length === 0 ? null : pack(parts, size);
}

describe("random graphs", () => {
  it(`are planned without a fault (seed ${settings.seed}, ${settings.numRuns} graphs)`, { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(recipes, fc.constantFrom(...targets), (recipe, target) => {
        const graph = buildGraph(recipe);
        const facts = factsOf(graph.chosen);
        for (const fact of Object.keys(LEAST) as (keyof typeof LEAST)[]) expect(facts[fact], fact).toBeGreaterThanOrEqual(LEAST[fact]);
        expect(planFaults(lower({ roots: graph.roots, assignments: [], target }).plan)).toBe("");
        const gradients = packed(graph);
        if (!gradients) return;
        const assignments = [
          { state: "gradients", node: gradients },
          ...graph.roots.map((node, index) => ({ state: `root${index}`, node })),
        ];
        expect(planFaults(lower({ roots: [], assignments, given: (node) => graph.values.has(node), target }).plan)).toBe("");
      }),
      { ...settings, examples: [[RESPLIT, targets[0]!]] },
    );
  });
});
