/** The check of shaders' texts: every text and every define that it must refuse. */
import { describe, expect, test } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import type { Defines } from "../../src/gpu/specialize.ts";
import { checkShader } from "../support/checkShader.ts";

/** The error that a call throws, checked to be a shader error. */
function refusal(source: string, defines: Defines): FathomError {
  try {
    checkShader("sample.wgsl", source, defines);
  } catch (error) {
    if (!(error instanceof FathomError)) throw error;
    expect(error.code).toBe("shader");
    return error;
  }
  throw new Error("nothing was refused");
}

describe("checkShader", () => {
  const flags = { A: true, B: true };
  test.each([
    ["two flags", "#if ${A} && ${B}\n#endif", flags, 1],
    ["a negated flag", "x\n#if !${A}\n#endif", { A: true }, 2],
    ["a bare flag", "x\n#if FLAG\n#endif", {}, 2],
    ["no flag", "#if\n#endif", {}, 1],
    ["a flag on the next line", "#if\n${A}\n#endif", { A: true }, 1],
    ["a bare #elif", "#if ${A}\n#elif B\n#endif", { A: true }, 2],
    ["an unknown directive", "x\n\n#ifdef A\n#endif", {}, 3],
    ["#define", "#define A 1", {}, 1],
    ["glued words", "#if ${A}\n#endif//x", { A: true }, 2],
    ["text behind #else", "#if ${A}\n#else ${B}\n#endif", flags, 2],
    ["text behind #endif", "#if ${A}\n#endif ${B}", flags, 2],
    ["an open #if", "x\n#if ${A}\n#if ${B}\n#endif", flags, 2],
    ["#endif alone", "x\n#endif", {}, 2],
    ["#else alone", "#else", {}, 1],
    ["two #else", "#if ${A}\n#else\n#else\n#endif", { A: true }, 3],
    ["#elif after #else", "#if ${A}\n#else\n#elif ${B}\n#endif", flags, 3],
    ["a directive in a comment", "x\n// #if ${A}\ny", { A: true }, 2],
    ["a directive behind code", "let x = 1; #endif", {}, 1],
    ["a lower-case name", "x\n${name}", { name: 1 }, 2],
    ["an expression", "${A + 1}", { A: 1 }, 1],
    ["an open brace", "x\n${A", { A: 1 }, 2],
    ["a missing define", "x\ny ${A}", {}, 2],
    ["a missing define in a dead branch", "#if ${A}\n${B}\n#endif", { A: false }, 2],
    ["a name that Object has by itself", "${A}\n${B}", Object.create({ A: 1, B: 2 }) as Defines, 1],
    ["a number that decides an #if", "#if ${A}\n#endif", { A: 1 }, 1],
    ["a string that decides an #if", "#if ${A}\n#endif", { A: "false" }, 1],
    ["a boolean as text", "x\n${A}", { A: true }, 2],
    ["a number WGSL cannot write", "${A}", { A: Number.NaN }, 1],
  ] satisfies [string, string, Defines, number][])("refuses %s and names file and line", (_what, source, defines, line) => {
    const error = refusal(source, defines);
    expect(error.message).toMatch(new RegExp(`^sample\\.wgsl:${line}: `));
    expect(error.details).toMatchObject({ shader: "sample.wgsl", line });
  });

  test("refuses a define that the text never mentions", () => {
    const error = refusal("${A}", { A: 1, B: 2, C: true });
    expect(error.message).toContain("sample.wgsl");
    expect(error.message).toContain("${B}, ${C}");
    expect(error.message).not.toContain("${A}");
  });
});
