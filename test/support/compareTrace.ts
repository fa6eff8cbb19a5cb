/** Holds a training run against the oracle: each number may stray ten times as far as PyTorch's own float32 does, and at least 1e-5. */
import type { OracleCase, OracleTrace, ScalarQuantity } from "./oracleFixture.ts";
import type { FixtureTensor } from "./safetensorsReader.ts";

/** What the trainer reports of a step, as in metrics.jsonl; a non-finite number may be a string. */
export interface ReportedStep {
  readonly step: number;
  readonly loss: number | string;
  readonly regularization: number | string;
  readonly learningRate: number | string;
  readonly gradientNorm: number | string;
  readonly clipScale: number | string;
  readonly layers: readonly { readonly name: string; readonly gradientNorm: number | string }[];
  /** Only where the model has auxiliary heads. */
  readonly auxiliary?: readonly { readonly name: string; readonly loss: number | string }[] | undefined;
}

export interface Violation {
  readonly step: number;
  /** "loss", "gradientNorm of 2.0.weight", "final 2.0.weight[17]" … */
  readonly quantity: string;
  /** undefined where it is missing. */
  readonly actual: number | string | undefined;
  /** undefined where there should be nothing. */
  readonly expected: number | undefined;
  /** The largest |actual − expected| that passes. */
  readonly allowed: number;
}

/** Fathom may stray this many times as far as PyTorch's float32. */
const MARGIN = 10;
/** The least relative tolerance. Learning rates are computed in float64, and may lose at most the rounding to float32 (6e-8). */
const LEAST = 1e-5;
const LEAST_LEARNING_RATE = 1e-6;

const SCALARS: readonly ScalarQuantity[] = ["loss", "regularization", "learningRate", "gradientNorm", "clipScale"];

/** Everything in which the reports of all steps, in order, differ from the trace by more than is allowed; empty when all is well. */
export function compareTrace(actual: readonly ReportedStep[], trace: OracleTrace): Violation[] {
  const violations: Violation[] = [];
  const check = (step: number, quantity: string, found: number | string | undefined, expected: number, allowed: number) => {
    if (!within(found, expected, allowed)) violations.push({ step, quantity, actual: found, expected, allowed });
  };
  if (actual.length !== trace.steps.length)
    violations.push({ step: actual.length, quantity: "number of steps", actual: actual.length, expected: trace.steps.length, allowed: 0 });
  for (const [index, expected] of trace.steps.entries()) {
    const report = actual[index];
    if (!report) break;
    const { step } = expected;
    check(step, "step", report.step, step, 0);
    for (const key of SCALARS) {
      const least = key === "learningRate" ? LEAST_LEARNING_RATE : LEAST;
      check(step, key, report[key], expected[key], tolerance(trace.strays[key], least) * Math.abs(expected[key]));
    }
    const truths = new Map(trace.parameters.map(({ name }, position) => [name, expected.layers[position]!]));
    const reported = new Map(report.layers.map(({ name, gradientNorm }) => [name, gradientNorm]));
    const unexpected = (quantity: string, actual: number | string) =>
      violations.push({ step, quantity, actual, expected: undefined, allowed: 0 });
    for (const { name, stray, scaleBy = name } of trace.parameters)
      check(step, `gradientNorm of ${name}`, reported.get(name), truths.get(name)!, tolerance(stray) * truths.get(scaleBy)!);
    for (const { name, gradientNorm } of report.layers) if (!truths.has(name)) unexpected(`gradientNorm of ${name}`, gradientNorm);
    const losses = new Map(report.auxiliary?.map(({ name, loss }) => [name, loss]));
    for (const [index, { name, stray }] of (trace.auxiliary ?? []).entries()) {
      const truth = expected.auxiliary![index]!;
      check(step, `loss of ${name}`, losses.get(name), truth, tolerance(stray) * Math.abs(truth));
    }
    for (const [name, loss] of losses) if (!trace.auxiliary?.some((head) => head.name === name)) unexpected(`loss of ${name}`, loss);
  }
  return violations;
}

/** The same for the state after the last step; of each tensor, its worst element. */
export function compareFinal(
  actual: ReadonlyMap<string, Pick<FixtureTensor, "shape" | "data">>,
  { trace, final }: Pick<OracleCase, "trace" | "final">,
): Violation[] {
  const violations: Violation[] = [];
  const step = trace.steps.length;
  const scales = new Map(trace.parameters.map(({ name, scaleBy = name }) => [name, scaleBy]));
  for (const { name, stray } of trace.final) {
    const expected = final.get(name)!;
    const found = actual.get(name);
    if (!found || found.shape.join() !== expected.shape.join()) {
      violations.push({ step, quantity: `shape of final ${name}`, actual: found && `[${found.shape}]`, expected: undefined, allowed: 0 });
      continue;
    }
    const scale = Math.max(largest(expected.data), largest(final.get(scales.get(name) ?? name)!.data));
    const allowed = tolerance(stray) * scale;
    const excess = (index: number) => {
      const difference = Math.abs(found.data[index]! - expected.data[index]!);
      return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    };
    let worst = 0;
    for (let index = 1; index < expected.data.length; index++) if (excess(index) > excess(worst)) worst = index;
    if (!(excess(worst) <= allowed))
      violations.push({ step, quantity: `final ${name}[${worst}]`, actual: found.data[worst], expected: expected.data[worst], allowed });
  }
  for (const name of actual.keys())
    if (!final.has(name)) violations.push({ step, quantity: `final ${name}`, actual: "present", expected: undefined, allowed: 0 });
  return violations;
}

/** Lines for a failing test: `expect(describeViolations(compareTrace(reports, trace))).toBe("")`. */
export function describeViolations(violations: readonly Violation[], most = 12): string {
  const lines = violations.slice(0, most).map(({ step, quantity, actual, expected, allowed }) => {
    const deviation =
      typeof actual === "number" && expected !== undefined ? `, off by ${Math.abs(actual - expected).toExponential(2)}` : "";
    return `step ${step}: ${quantity} is ${actual ?? "missing"}, expected ${expected ?? "nothing"}${deviation}, allowed ${allowed.toExponential(2)}`;
  });
  if (violations.length > most) lines.push(`… and ${violations.length - most} more`);
  return lines.join("\n");
}

function tolerance(stray: number, least = LEAST): number {
  return Math.max(MARGIN * stray, least);
}

/** Written so that NaN, a string and a missing number fail. */
function within(found: number | string | undefined, expected: number, allowed: number): boolean {
  return typeof found === "number" && Math.abs(found - expected) <= allowed;
}

function largest(data: FixtureTensor["data"]): number {
  let result = 0;
  for (const value of data) result = Math.max(result, Math.abs(value));
  return result;
}
