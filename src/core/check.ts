/** Checks of what a caller passed: each throws a FathomError that names the option, its value and what is allowed. */
import { FathomError } from "./errors.ts";

/** How errors show a value of any type: strings quoted, arrays and objects by their kind. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  return typeof value === "object" && value !== null ? `an object (${value.constructor?.name ?? "Object"})` : String(value);
}

/** A whole number from `least` to `most`, both allowed. */
export function checkInteger(what: string, name: string, value: unknown, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new FathomError("argument", `${what}: ${name} is ${show(value)}; use a whole number ${range}`);
}

/** A finite number; bounds named `least` and `most` are allowed themselves, those named `above` and `below` are not. */
export interface NumberRange {
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly below?: number;
}

export function checkNumber(what: string, name: string, value: unknown, range: NumberRange = {}): number {
  const { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity } = range;
  if (typeof value === "number" && Number.isFinite(value) && value >= least && value <= most && value > above && value < below)
    return value;
  const words = { least: "from", above: "above", most: "up to", below: "below" } as const;
  const bounds = (["least", "above", "most", "below"] as const)
    .filter((bound) => range[bound] !== undefined)
    .map((bound) => ` ${words[bound]} ${range[bound]}`);
  throw new FathomError("argument", `${what}: ${name} is ${show(value)}; use a finite number${bounds.join(",")}`);
}

/** true or false. */
export function checkFlag(what: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new FathomError("argument", `${what}: ${name} is ${show(value)}; use true or false`);
}

/** One of a few strings. */
export function checkChoice<T extends string>(what: string, name: string, value: unknown, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T;
  throw new FathomError("argument", `${what}: ${name} is ${show(value)}; use one of ${choices.map((choice) => `"${choice}"`).join(", ")}`);
}

/** Refuses an option that does not exist: a misspelt one would otherwise be ignored in silence. */
export function checkOptions(what: string, options: unknown, allowed: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new FathomError("argument", `${what}: options are ${show(options)}; pass an object with ${listOf(allowed)}`);
  for (const key of Object.keys(options))
    if (!allowed.includes(key)) throw new FathomError("argument", `${what}: there is no option ${show(key)}; it has ${listOf(allowed)}`);
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "no options" : names.join(", ");
}
