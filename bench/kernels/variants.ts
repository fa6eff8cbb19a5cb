/** Variants of a kernel: what chooses code in its text, sizes and fused formulas aside. */
import type { PlanKernel } from "../../src/plan/types.ts";

/** A sum over all, for each column or for each row, by the text of where what is kept begins. */
const WAYS: readonly (readonly [RegExp, string])[] = [
  [/^\d+u$/, "of all"],
  [/^index$/, "of columns"],
  [/^index \* \d+u$/, "of rows"],
];

/** Flags that choose code, by name. That there is a fused formula is the formula's affair. */
const flagsOf = ({ defines }: PlanKernel): string[] =>
  Object.keys(defines)
    .filter((name) => name !== "FUSED" && typeof defines[name] === "boolean")
    .sort();

function wayOf({ name, defines }: PlanKernel): string {
  const kept = defines["KEPT"];
  if (name !== "reduce" || typeof kept !== "string") return "";
  return WAYS.find(([text]) => text.test(kept))?.[1] ?? "of some axes";
}

/** Equal for kernels that differ in sizes and fused formulas at most. Matrix products count by name alone: they are timed in all layouts by themselves. */
export function kindOf(kernel: PlanKernel): string {
  if (kernel.name.startsWith("matmul_")) return kernel.name;
  return [kernel.name, wayOf(kernel), ...flagsOf(kernel).map((flag) => `${flag}=${kernel.defines[flag]}`)].join(" ");
}

/** What `kernel` has otherwise than `first`, another variant: "of columns, with SERIAL". */
export function difference(kernel: PlanKernel, first: PlanKernel): string {
  const changed = flagsOf(kernel).filter((flag) => kernel.defines[flag] !== first.defines[flag]);
  const way = wayOf(kernel);
  const list = (word: string, flags: readonly string[]): string[] => (flags.length > 0 ? [`${word} ${flags.join(" and ")}`] : []);
  return [
    ...(way === wayOf(first) ? [] : [way]),
    ...list(
      "with",
      changed.filter((flag) => kernel.defines[flag]),
    ),
    ...list(
      "without",
      changed.filter((flag) => !kernel.defines[flag]),
    ),
  ].join(", ");
}
