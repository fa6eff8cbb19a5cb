/** The mutants themselves: each rule on a small text, and that no kernel is left out unnoticed. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isEquivalent } from "../mutants/equivalent.ts";
import { mutantsOf, withFuel } from "../mutants/mutate.ts";
import { isTarget, LEFT_OUT, LEFT_OUT_LIBRARIES } from "../mutants/targets.ts";
import { ALL_SHADERS } from "../support/allShaders.ts";

const made = (line: string): string[] => mutantsOf(line).map((mutant) => mutant.after);

describe("mutants", () => {
  it.each([
    ["a sum", "let x = a + b;", ["let x = a - b;", "let x = a;", "let x = b;"]],
    ["a difference", "let x = a - b;", ["let x = a + b;", "let x = a;"]],
    ["a product", "let x = a * b;", ["let x = a;", "let x = b;"]],
    ["a quotient", "let x = a / b;", ["let x = a * b;", "let x = a;"]],
    ["a sign", "let x = -a;", ["let x = a;"]],
    ["an argument's sign", "let x = exp(-a);", ["let x = exp(a);"]],
    ["added in place", "x += a;", ["x -= a;"]],
    ["taken away in place", "x -= a;", ["x += a;"]],
    ["comparisons", "let x = a < b;", ["let x = a >= b;"]],
    ["greater", "let x = a > b;", ["let x = a <= b;"]],
    ["at most", "let x = a <= b;", ["let x = a > b;"]],
    ["at least", "let x = a >= b;", ["let x = a < b;"]],
    ["equality", "let x = a == b;", ["let x = a != b;"]],
    ["inequality", "let x = a != b;", ["let x = a == b;"]],
    ["both", "let x = a && b;", ["let x = a || b;"]],
    ["either", "let x = a || b;", ["let x = a && b;"]],
    ["min", "let x = min(a, b);", ["let x = max(a, b);"]],
    ["max", "let x = max(a, b);", ["let x = min(a, b);"]],
    ["a condition", "if (is_idle(chunk)) {", ["if (!is_idle(chunk)) {"]],
    ["one", "let x = f(1.0);", ["let x = f(0.0);"]],
    ["zero", "let x = f(0.0);", ["let x = f(1.0);"]],
    ["a half", "let x = f(0.5);", ["let x = f(1.0);"]],
    ["two", "let x = f(2.0);", ["let x = f(1.0);"]],
  ])("turn %s", (_, line, expected) => {
    expect(made(line)).toEqual(expected);
  });

  it("drop whole operands: brackets and calls in one piece, a factor by itself in a sum", () => {
    expect(made("let x = a + f(b, c) * d;")).toEqual([
      "let x = a - f(b, c) * d;",
      "let x = a;",
      "let x = f(b, c) * d;",
      "let x = a + f(b, c);",
      "let x = a + d;",
    ]);
    expect(made("return (a + b) * c;")).toContain("return (a + b);");
    expect(made("f(a, b + c, d);")).toEqual(["f(a, b - c, d);", "f(a, b, d);", "f(a, c, d);"]);
  });

  it("end a loop before it begins, for a comparison turned might not let it end", () => {
    expect(made("for (var at = lane; at < min(a, 8u); at += 2u) {")).toEqual([
      "for (var at = lane; false; at += 2u) {",
      "for (var at = lane; at < min(a, 8u); at -= 2u) {",
      "for (var at = lane; at < max(a, 8u); at += 2u) {",
    ]);
  });

  it("run out of fuel in a loop, unless it holds a barrier", () => {
    expect(withFuel("for (var at = lane; at < end; at += 2u) {")).toContain("for (var at = lane; has_fuel() && (at < end); at += 2u) {");
    expect(withFuel("while (index < f(end)) {")).toContain("while (has_fuel() && (index < f(end))) {");
    expect(withFuel("for (var half = 8u; half > 0u; half /= 2u) {")).toContain("for (var half = 8u; half > 0u; half /= 2u) {");
  });

  it("leave comments, directives and declarations alone, and change one line at a time", () => {
    for (const line of [
      "// a + b",
      "#if a + b",
      "@group(0) @binding(1) var<storage> a: f32;",
      "override A: f32;",
      "struct A {",
      "  a: f32,",
    ])
      expect(made(line)).toEqual([]);
    expect(made("let x = a; // + b - c")).toEqual([]);
    const mutants = mutantsOf("let a = b + c;\nlet d = -e;");
    expect(mutants.map(({ line }) => line)).toEqual([1, 1, 1, 2]);
    expect(mutants.at(-1)!.text).toBe("let a = b + c;\nlet d = e;");
  });

  it("know the constants from parts of other numbers", () => {
    expect(made("let x = f(11.0, 10.05, 1.05);")).toEqual([]);
  });
});

describe("what is mutated", () => {
  const files = readdirSync("shaders", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".wgsl"));

  it("is every shader that is not left out by name", () => {
    const targets = Object.keys(ALL_SHADERS).filter((name) => isTarget(`${name}.wgsl`));
    expect([...targets, ...LEFT_OUT].sort()).toEqual(Object.keys(ALL_SHADERS).sort());
    for (const name of targets) expect(files).toContain(`${name}.wgsl`);
    for (const file of files.filter((one) => !one.startsWith("lib/")))
      expect(Object.keys(ALL_SHADERS)).toContain(file.replace(".wgsl", ""));
    for (const name of LEFT_OUT_LIBRARIES) expect(files).toContain(`lib/${name}.wgsl`);
  });

  it("includes all kernels whose signs matter most", () => {
    const must =
      /^(update_|lamb_|muon_|segment_norms|finish_statistics|finish_loss|gradient_|batch_norm|row_norm|commit_running|softmax|pointwise_loss|multi_margin|constrain|noise|lib\/(update|plateau|clip|scaled|squares|columns|rows|lanes)\.)/;
    for (const file of files.filter((one) => must.test(one))) expect(isTarget(file), file).toBe(true);
  });

  it("names no mutant as equivalent that does not exist", async () => {
    const { EQUIVALENT } = await import("../mutants/equivalent.ts");
    const { readFileSync } = await import("node:fs");
    for (const entry of EQUIVALENT)
      expect(
        mutantsOf(readFileSync(`shaders/${entry.file}`, "utf8")).some((mutant) =>
          isEquivalent(mutant, entry.file, entry.browser ?? "firefox", [entry]),
        ),
        `${entry.file}: ${entry.before} → ${entry.after}`,
      ).toBe(true);
  });
});
