/** What the page's form asks for. */
import type { BenchJob } from "../job.ts";

export interface Form {
  /** Holds a box for each. */
  readonly suites: HTMLElement;
  readonly seconds: HTMLInputElement;
  readonly secondsFault: HTMLElement;
  /** As the command's --only, which may be given several times: with semicolons between. */
  readonly only: HTMLInputElement;
  readonly quick: HTMLInputElement;
}

const SEED = 7;

/** Or what is wrong, in a sentence; the control that it is about has the focus then. */
export function jobOf({ suites, seconds, secondsFault, only, quick }: Form): BenchJob | string {
  const chosen = [...suites.querySelectorAll<HTMLInputElement>("input:checked")].map(({ value }) => value);
  const isValid = seconds.checkValidity();
  const fault = isValid ? "" : `Seconds must be a whole number from ${seconds.min} to ${seconds.max}.`;
  seconds.setAttribute("aria-invalid", String(!isValid));
  secondsFault.textContent = fault;
  if (!isValid) {
    seconds.focus();
    return fault;
  }
  if (chosen.length === 0) {
    suites.querySelector("input")?.focus();
    return "Choose at least one suite.";
  }
  return { suites: chosen, quick: quick.checked, seconds: seconds.valueAsNumber, rounds: null, only: textsOf(only.value), seed: SEED };
}

export const textsOf = (value: string): string[] =>
  value
    .split(";")
    .map((text) => text.trim())
    .filter((text) => text !== "");
