/** Makes final WGSL from a shader's text: fills in `${NAME}` and keeps one branch of each `#if ${FLAG}`. That a shader's text has no fault is for its tests (test/support/checkShader.ts). */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { FathomError } from "../core/errors.ts";

/** What a shader's `${NAME}` stands for: a boolean decides an `#if`, a number or a string becomes text. */
export type Defines = Readonly<Record<string, string | number | boolean>>;

export const HOLE = /\$\{([A-Z][A-Z0-9_]*)\}/;

/** Returns `source` with every define put in its place. `name` is the shader's file, for messages. Throws where a name has no value, or a number none that WGSL can write. */
export function specialize(name: string, source: string, defines: Defines): string {
  // Split with a capturing group: text, name, text, name, …, text. The tag takes the texts and the values apart.
  const pieces = source.split(HOLE);
  const texts = pieces.filter((_, index) => index % 2 === 0);
  const values = pieces
    .filter((_, index) => index % 2 === 1)
    .map((define) => {
      const value = Object.hasOwn(defines, define) ? defines[define]! : Number.NaN;
      if (typeof value === "number" && !Number.isFinite(value)) throw new FathomError("shader", `${name}: \${${define}} has no value`);
      return value;
    });
  try {
    return wgsl(texts, ...values);
  } catch (cause) {
    throw new FathomError("shader", `${name}: the shader preprocessor failed: ${String(cause)}`, { cause });
  }
}
