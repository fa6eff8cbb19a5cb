/** Every op as the planner runs it, against its float64 reference: all samples, contiguous and as views, with canaries behind each buffer. */
import { describe, expect, it } from "vitest";
import { sizeOf } from "../../src/core/shape.ts";
import type { Reference, Target } from "../../src/graph/op.ts";
import { computeFloat64 } from "../support/float64.ts";
import { OPS, type OpName } from "../support/opTable.ts";
import { runGraphs } from "../support/runGraphs.ts";
import { hardware, software } from "../support/runKernel.ts";
import { LAYOUTS, type Layout, prepare, type Sample } from "../support/sample.ts";
import { SAMPLES } from "../support/samples.ts";
import { thorough } from "../support/thorough.ts";

const NAMES = Object.keys(OPS) as OpName[];

/** Each element within what is allowed; NaN where the truth is NaN. */
function expectAllowed(what: string, actual: Float64Array, truth: Reference, allowed: (index: number) => number): void {
  expect(actual.length, what).toBe(truth.data.length);
  const off = actual.findIndex((value, index) => {
    const exact = truth.data[index]!;
    return Number.isNaN(exact) ? !Number.isNaN(value) : !(Math.abs(value - exact) <= allowed(index));
  });
  if (off >= 0) expect.fail(`${what}: element ${off} is ${actual[off]}, float64 says ${truth.data[off]}, allowed is ${allowed(off)}`);
}

/** An elementwise op is read as every other is, so that each sample has one look beside the contiguous one; the others have all, or in part. */
function layoutsOf(name: OpName, index: number): readonly Layout[] {
  const [contiguous, ...views] = LAYOUTS;
  const one = [contiguous!, views[index % views.length]!];
  return OPS[name].form.kind === "elementwise" || !thorough ? one : LAYOUTS;
}

async function check(
  name: OpName,
  samples: readonly Sample[],
  target: Target,
  layouts: (index: number) => readonly Layout[],
): Promise<void> {
  const runs = samples.flatMap((sample, index) =>
    layouts(index).map((layout) => {
      const { root, operands, values } = prepare(sample, layout);
      const shapes = operands.map(({ shape }) => `[${shape.join(",")}]`).join(" ");
      return { what: `${name} sample ${index} ${shapes}, ${layout}`, root, operands, values, allowed: sample.allowed };
    }),
  );
  const results = await runGraphs(runs, target);
  for (const [index, { what, root, operands, values, allowed }] of runs.entries()) {
    const [data, ...inputs] = computeFloat64([root, ...operands], values);
    const references = operands.map(({ shape }, position) => ({ shape, data: inputs[position]! }));
    const truth = { shape: root.shape, data: data! };
    expectAllowed(what, results[index]!, truth, allowed(truth, references as never));
  }
}

describe("as a software adapter runs them", () => {
  it.each(NAMES)("%s", (name) => check(name, SAMPLES[name], software, (index) => layoutsOf(name, index)));
});

// Reductions choose by the adapter's class; the other ops do not. A software adapter is slow at what suits a GPU, so that a few must do.
describe("as a GPU runs them", () => {
  const long = (name: OpName): Sample[] =>
    (SAMPLES[name] as readonly Sample[])
      .filter(({ operands }) => sizeOf(operands[0]!.shape) > 4000 || operands[0]!.shape.length === 6)
      .slice(0, 6);
  const layouts = [["contiguous"], ["transposed"]] as const;
  it.each(["sum", "amax", "amin", "norm", "variance", "argmax", "argmin", "integerSum"] as const)("%s", (name) =>
    check(name, long(name), hardware, (index) => layouts[index % 2]!),
  );
});
