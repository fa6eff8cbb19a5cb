/** Numbers as WGSL writes them. */
import type { DType } from "../core/dtype.ts";

/** Vectors or single numbers, as a shader's aliases say. */
export const ALIAS = { f32: "F", i32: "I", u32: "U" } as const satisfies Record<DType, string>;

/** A number as WGSL text of exactly that float32 or integer. */
export function numberText(value: number, dtype: DType): string {
  if (dtype === "i32") return `${Math.trunc(value)}`;
  if (dtype === "u32") return `${Math.trunc(value)}u`;
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The same in every element. */
export function literalText(value: number, dtype: DType): string {
  const text = numberText(value, dtype);
  return dtype === "i32" && value === -2147483648 ? "I(-2147483647 - 1)" : `${ALIAS[dtype]}(${text})`;
}
