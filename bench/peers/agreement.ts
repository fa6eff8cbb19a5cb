/** Whether a peer does the same work as Fathom: what does not agree is not compared. */
import { FathomError } from "../../src/core/errors.ts";
import type { Reading } from "./peer.ts";

/** Two float32 runs of the same net differ by a millionth or so of the loss in ten steps; another weight, rate, batch or clip by far more. */
const LOSS_TOLERANCE = 1e-4;
/** A norm of 2 · 10⁵ squares that are added one by one wanders by about √n · 2⁻²⁴, 3e-5. */
const NORM_TOLERANCE = 1e-3;
/** Of the largest number: far above what rounding does to the products and sums here, far below any mistake. */
const RESULT_TOLERANCE = 1e-3;

/** Throws a FathomError (validation) that names the step and both numbers. */
export function checkReadings(name: string, readings: readonly Reading[], expected: readonly Reading[]): void {
  if (readings.length !== expected.length)
    throw new FathomError(
      "validation",
      `${name} gave ${readings.length} readings where Fathom gave ${expected.length}: not the same steps`,
    );
  for (const [step, { loss, gradientNorm }] of readings.entries()) {
    const want = expected[step]!;
    checkNumber(name, `the loss of step ${step}`, loss, want.loss, LOSS_TOLERANCE);
    checkNumber(name, `the gradient's norm of step ${step}`, gradientNorm, want.gradientNorm, NORM_TOLERANCE);
  }
}

function checkNumber(name: string, what: string, value: number, expected: number, tolerance: number): void {
  // Written so that NaN fails.
  if (Math.abs(value - expected) <= tolerance * Math.abs(expected)) return;
  throw new FathomError("validation", `${name} does other work than Fathom: ${what} is ${value}, Fathom's is ${expected}`);
}

/** Throws a FathomError (validation) that names the output and the element. */
export function checkResults(name: string, results: readonly Float32Array[], expected: readonly Float32Array[]): void {
  if (results.length !== expected.length)
    throw new FathomError("validation", `${name} gave ${results.length} results where Fathom gave ${expected.length}`);
  for (const [output, values] of results.entries()) {
    const want = expected[output]!;
    if (values.length !== want.length)
      throw new FathomError("validation", `${name}: result ${output} has ${values.length} numbers, Fathom's has ${want.length}`);
    const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const wrong = values.findIndex((value, index) => !(Math.abs(value - want[index]!) <= RESULT_TOLERANCE * largest));
    if (wrong >= 0)
      throw new FathomError(
        "validation",
        `${name} does other work than Fathom: number ${wrong} of result ${output} is ${values[wrong]}, Fathom's is ${want[wrong]}`,
      );
  }
}
