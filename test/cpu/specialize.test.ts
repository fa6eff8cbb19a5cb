/** The preprocessor step: what it puts in, and what it keeps. */
import { describe, expect, test } from "vitest";
import { type Defines, specialize } from "../../src/gpu/specialize.ts";

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

  test.each([
    ["a missing define", "x\ny ${A}", {}],
    ["a missing define in a dead branch", "#if ${A}\n${B}\n#endif", { A: false }],
    ["a name that Object has by itself", "${A}\n${B}", Object.create({ A: 1, B: 2 }) as Defines],
    ["a number WGSL cannot write", "${A}", { A: Number.NaN }],
  ] satisfies [string, string, Defines][])("refuses %s and names the file", (_what, source, defines) => {
    expect(() => specialize("sample.wgsl", source, defines)).toThrow(/^sample\.wgsl: \$\{[AB]\} has no value$/);
  });
});
