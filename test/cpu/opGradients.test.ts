/** Every op's gradient rule against central differences of its float64 reference, and again for the gradient itself. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { sizeOf } from "../../src/core/shape.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Op } from "../../src/graph/op.ts";
import { mul } from "../../src/ops/binary.ts";
import { sum } from "../../src/ops/reduce.ts";
import { checkGradients, type GradientCheck } from "../support/float64.ts";
import { OPS, type OpName } from "../support/opTable.ts";
import { prepare, type Sample } from "../support/sample.ts";
import { SAMPLES } from "../support/samples.ts";

/**
 * Differences over five points with h = 1e-3 are off by h⁴·f⁽⁵⁾/30, which is below 1e-9 for the functions and ranges of the samples, and by
 * rounding, 2⁻⁵²/h = 2e-13 of the sum; both relative to the largest gradient, which is at least about as large as the function.
 */
const TOLERANCE = 1e-8;

/** How far the rule is off, of the largest difference; a gradient that is zero everywhere is held against rounding. */
function worstOf({ gradient, differences }: GradientCheck): number {
  const largest = differences.reduce((most, value) => Math.max(most, Math.abs(value)), 0.1);
  if (gradient.some(Number.isNaN)) return Number.NaN;
  return gradient.reduce((worst, value, index) => Math.max(worst, Math.abs(value - differences[index]!) / largest), 0);
}

/** Each element costs four evaluations of the graph. */
const MOST_ELEMENTS = 30;

const NAMES = Object.keys(OPS) as OpName[];
const differentiable = NAMES.filter((name) => OPS[name].vjp !== "nondifferentiable");
const small = (name: OpName): Sample[] =>
  (SAMPLES[name] as readonly Sample[]).filter(({ operands }) => {
    const size = operands.reduce((total, { shape }) => total + sizeOf(shape), 0);
    return size > 0 && size <= MOST_ELEMENTS;
  });

const describeSample = ({ operands }: Sample): string =>
  operands.map(({ shape, dtype = "f32" }) => `${dtype}[${shape.join(",")}]`).join(" ");

describe("gradients", () => {
  it.each(differentiable)("of %s", (name) => {
    let checked = 0;
    for (const sample of small(name)) {
      const { root, operands, values } = prepare(sample);
      if (root.dtype !== "f32" || sizeOf(root.shape) === 0) continue;
      const variables = operands.filter(({ dtype }) => dtype === "f32");
      for (const check of checkGradients(root, variables, values)) {
        // detach is the one op whose rule is not its derivative.
        if (name === "detach") expect([...check.gradient]).toEqual([...check.gradient].map(() => 0));
        else expect(worstOf(check), `${describeSample(sample)}: [${check.gradient}] for [${check.differences}]`).toBeLessThan(TOLERANCE);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(0);
  });
});

describe("gradients of gradients", () => {
  it.each(differentiable.filter((name) => name !== "detach"))("of %s", (name) => {
    for (const sample of small(name).slice(0, 8)) {
      const { root, operands, values } = prepare(sample);
      if (root.dtype !== "f32" || sizeOf(root.shape) === 0) continue;
      const variables = operands.filter(({ dtype }) => dtype === "f32");
      // Of a function of the value that is not linear: the gradient then depends on the operands, whatever the op.
      const gradients = backward([{ node: sum(mul(root, mul(root, root))) }], variables);
      for (const gradient of gradients)
        if (gradient !== null)
          for (const check of checkGradients(gradient, variables, values))
            expect(worstOf(check), describeSample(sample)).toBeLessThan(10 * TOLERANCE);
    }
  });
});

describe("the table of ops", () => {
  /** Modules whose ops have suites of their own (layerGradients.test.ts, rowNorm.test.ts), and those of leaves and packs, which the planner's tests hold. */
  const ELSEWHERE = [
    "batchNorm",
    "dropout",
    "linear",
    "matmul",
    "multiMargin",
    "pointwiseLoss",
    "rowNorm",
    "softmax",
    "softmaxCrossEntropy",
    "define",
    "pack",
  ];
  const isOp = (value: unknown): value is Op => typeof value === "object" && value !== null && "infer" in value && "vjp" in value;

  it("names each op as the op names itself", () => {
    for (const name of NAMES) expect(OPS[name].name).toBe(name);
  });

  it("misses none that src/ops exports", () => {
    const modules = import.meta.glob<Record<string, unknown>>("../../src/ops/*.ts", { eager: true });
    const own = Object.entries(modules).filter(([path]) => !ELSEWHERE.some((name) => path.endsWith(`/${name}.ts`)));
    const found = new Set(own.flatMap(([, module]) => Object.values(module).filter(isOp)).map(({ name }) => name));
    expect([...found].sort()).toEqual(NAMES.map((name) => OPS[name].name as string).sort());
  });

  it("gives each op a name of its own: plans are keyed by names", () => {
    const names = NAMES.map((name) => OPS[name].name as string);
    expect(new Set(names).size).toBe(names.length);
  });

  it("has a sample that holds the op itself", () => {
    const holds = (root: Node, op: Op): boolean => {
      const seen = new Set<Node>();
      const stack = [root];
      for (let node = stack.pop(); node; node = stack.pop()) {
        if (node.op === op) return true;
        for (const input of node.inputs)
          if (!seen.has(input)) {
            seen.add(input);
            stack.push(input);
          }
      }
      return false;
    };
    for (const name of NAMES)
      expect(
        SAMPLES[name].some((sample) => holds(prepare(sample as Sample).root, OPS[name] as Op)),
        name,
      ).toBe(true);
  });
});
