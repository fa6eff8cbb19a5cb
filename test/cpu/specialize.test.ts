/** The preprocessor step: what it puts in, what it keeps, and every text it must refuse. */
import { describe, expect, test } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import { type Defines, specialize } from "../../src/gpu/specialize.ts";

/** The error that a call throws, checked to be a shader error. */
function refusal(source: string, defines: Defines): FathomError {
  try {
    specialize("sample.wgsl", source, defines);
  } catch (error) {
    if (!(error instanceof FathomError)) throw error;
    expect(error.code).toBe("shader");
    return error;
  }
  throw new Error("nothing was refused");
}

describe("specialize", () => {
  test("puts numbers and strings in as text, wherever they stand", () => {
    expect(specialize("a.wgsl", "alias F = ${TYPE};\nconst N = ${N}u + ${N}u;", { TYPE: "vec4f", N: 4 })).toBe(
      "alias F = vec4f;\nconst N = 4u + 4u;",
    );
    expect(specialize("a.wgsl", "${A}${B}", { A: 0, B: "" })).toBe("0");
    expect(specialize("a.wgsl", "fn plain() {}", {})).toBe("fn plain() {}");
  });

  test("a text that was put in is not read again", () => {
    expect(specialize("a.wgsl", "${A}", { A: "${B} #if $& $1" })).toBe("${B} #if $& $1");
  });

  const branches = "head\n#if ${A}\na\n#elif ${B} // second\nb ${TEXT}\n#else\nc\n#endif\ntail";
  test.each([
    [true, true, "a"],
    [true, false, "a"],
    [false, true, "b text"],
    [false, false, "c"],
  ])("keeps one branch for A=%s B=%s", (A, B, kept) => {
    const words = specialize("a.wgsl", branches, { A, B, TEXT: "text" }).replace("// second", "").split(/\n+/);
    expect(words.map((word) => word.trim()).filter(Boolean)).toEqual(["head", kept, "tail"]);
  });

  test.each([1, 2, 5, 40])("nests to depth %i, with text around and inside", (depth) => {
    const flags = Array.from({ length: depth }, (_, level) => `FLAG_${level}`);
    const opening = flags.map((flag, level) => `${"  ".repeat(level)}#if \${${flag}}\nin${level} \${VALUE}\n`).join("");
    const closing = flags.map((_, level) => `out${depth - 1 - level}\n#endif\n`).join("");
    // The innermost flag is off, so its text alone falls away.
    const defines = { VALUE: 7, ...Object.fromEntries(flags.map((flag, level) => [flag, level < depth - 1])) };
    const words = specialize("a.wgsl", `first\n${opening}${closing}last`, defines).split(/\s+/);
    const kept = flags.slice(0, -1);
    expect(words).toEqual([
      "first",
      ...kept.flatMap((_, level) => [`in${level}`, "7"]),
      ...kept.map((_, level) => `out${depth - 2 - level}`),
      "last",
    ]);
  });

  test("files joined into one text keep their own directives", () => {
    const library = "#if ${FAST}\nfast\n#endif\n";
    const kernel = "// a comment may hold # and #12\n#if ${FAST}\nkernel ${N}\n#endif";
    expect(
      specialize("a.wgsl", library + kernel, { FAST: true, N: 3 })
        .split(/\n+/)
        .filter(Boolean),
    ).toEqual(["fast", "// a comment may hold # and #12", "kernel 3"]);
  });

  test("a comment behind a directive may hold a text, which decides nothing", () => {
    const source = "#if ${A} // up to ${N}\na\n#else // past ${N}\nb\n#endif // ${N}";
    expect(
      specialize("a.wgsl", source, { A: true, N: 8 })
        .trim()
        .split(/\s*\n\s*/),
    ).toEqual(["// up to 8", "a", "// 8"]);
    expect(
      specialize("a.wgsl", source, { A: false, N: 8 })
        .trim()
        .split(/\s*\n\s*/),
    ).toEqual(["// past 8", "b", "// 8"]);
  });

  test("reads files with Windows line ends", () => {
    expect(specialize("a.wgsl", "x\r\n#if ${A}\r\ny\r\n#endif\r\nz", { A: true }).split(/\s+/)).toEqual(["x", "y", "z"]);
  });

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
