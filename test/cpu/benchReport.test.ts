/** docs/benchmarks.md is what its generator makes of the committed documents; and what the generator makes of a document that is known. */
import { readdirSync } from "node:fs";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { committedResults, currentText } from "../../bench/report.ts";
import { withFigures } from "../../bench/reportText.ts";
import {
  type BenchResult,
  type Entry,
  entrySchema,
  environmentSchema,
  resultSchema,
  type SuiteResult,
  suiteResultSchema,
  type Target,
} from "../../bench/schema.ts";
import { SUITE_NAMES } from "../../bench/suites/index.ts";
import { compared, entry, RESULT } from "../support/benchDocument.ts";

describe("docs/benchmarks.md", () => {
  it("is what npm run bench:report makes of the committed documents", () => {
    expect(currentText(), "run npm run bench:report").toBe(withFigures(currentText(), committedResults()));
  });

  it("names every suite, and every key of the document", () => {
    const text = currentText();
    for (const name of SUITE_NAMES) expect(text, name).toContain(`| \`${name}\` |`);
    for (const schema of [resultSchema, environmentSchema, suiteResultSchema, entrySchema])
      for (const key of Object.keys(schema.entries)) expect(text, key).toContain(`\`${key}\``);
  });

  it("tells what each remedy costs and buys, what was left out, and how to measure it again", () => {
    v.parse(resultSchema, RESULT);
    const text = withFigures(currentText(), [{ name: "a-card", result: RESULT }]);
    expect(text).toContain("**Take care.**");
    expect(text).toContain("Again: `npm run bench -- --suite remedies` (seed 7)");
    expect(text).toMatch(
      /\| global-norm clip.* \| \+3\.1 % \(\+2\.0 % to \+4\.4 %\) \| at most \+4\.0 % \| not shown \| 157 \|.* 120 ms \|/,
    );
    expect(text).toMatch(
      /\| clip by value, as measured \| no measurable difference \(−2\.0 % to \+3\.0 %\) .*120 steps \(9 to 11\); 1 of 5 never, 3\.21 s for the 4 that did \| 600 steps \(9 to 11\); 5 of 5 never \|/,
    );
    expect(text).toContain("Left out: Muon: no time was left.");
    expect(withFigures(text, [])).toBe(withFigures(currentText(), []));
    expect(() => withFigures("nothing", [])).toThrow(/has lost its marks/);
  });

  const PAGE = "# Benchmarks\n\n## clips\n\n<!-- figures: made by npm run bench:report -->\n<!-- end of figures -->\n";
  const [costs, gains] = RESULT.suites as [SuiteResult, SuiteResult];
  const software: BenchResult = { ...RESULT, environment: { ...RESULT.environment, adapter: "a processor", adapterClass: "software" } };
  const tableAt = (text: string, heading: string): string => text.split(`\n${heading}\n`)[1]?.split("\n#")[0] ?? "";

  it("begins with what is promised, and links to where it stands", () => {
    const peers: SuiteResult = {
      ...costs,
      name: "peers",
      entries: [
        entry("size", {
          title: "the engine",
          group: "Size, gzipped × 2",
          target: { relation: "at most", value: 5, adapterClass: "any" },
          met: false,
        }),
      ],
    };
    const text = withFigures(PAGE, [
      { name: "a-benefits", result: { ...software, suites: [gains, peers] } },
      { name: "b-remedies", result: { ...software, suites: [costs] } },
      { name: "c-trial", result: { ...software, suites: [peers], quick: true } },
    ]);
    const [head] = text.split("\n## a-benefits");
    expect(head).toContain("3 promises, kept: 1 yes, 1 not shown, 1 NO.");
    expect(head).toContain("| [the engine](#size-gzipped--2) | peers | at most 5 ms | 10 ms | NO |");
    expect(head).toContain("[global-norm clip, checked](#remedies) | remedies | at most +4.0 % | +3.1 % (+2.0 % to +4.4 %) | not shown |");
    expect(head).toMatch(
      /No real GPU was measured: all figures are of a processor, .*others on the same card: .*4096 × 4096 .*PyTorch; .*JAX/,
    );
    const order = ["## a-benefits", "### peers", "### benefits", "## c-trial", "## b-remedies", "### remedies"].map((heading) =>
      text.indexOf(`\n${heading}\n`),
    );
    expect(order).toEqual([...order].sort((one, other) => one - other));
    expect(order[0]).toBeGreaterThan(0);
  });

  it("says what is promised on a GPU and not measured, until an entry has that promise", () => {
    const target: Target = { relation: "at least", value: 1, adapterClass: "hardware" };
    const held = (group: string, library: string, own: Target = target): Entry =>
      entry(`${group}-${library}`, { title: `${library}, ${group}`, group, target: own, met: true });
    const withEntries = (...entries: readonly Entry[]): string =>
      withFigures(PAGE, [{ name: "a-card", result: { ...RESULT, suites: [{ ...costs, name: "peers", entries: [...entries] }] } }]);
    const [product, steps, jax] = [/f32 product of 4096 × 4096/, /50 × 64 and 200 × 32 against PyTorch/, /the same steps against JAX\./];
    const step = (library: string): Entry[] => [held("a step of 50 × 64", library), held("a step of 200 × 32", library)];
    // A card was measured, and nothing of this.
    const none = withFigures(PAGE, [{ name: "a-card", result: RESULT }]);
    expect(none).not.toContain("No real GPU");
    for (const one of [product, steps, jax]) expect(none).toMatch(one);
    const some = withEntries(held("4096 × 4096", "PyTorch"), ...step("PyTorch"), ...step("jax-js"), held("a step of 50 × 64", "JAX"));
    expect(some).toMatch(/Missing is what is promised on a GPU, [^:]*: the same steps against JAX\./);
    expect(withEntries(held("4096 × 4096", "PyTorch"), ...step("PyTorch"), ...step("JAX"))).not.toContain("promised on a GPU");
    // A promise of a processor is another.
    expect(withEntries(held("4096 × 4096", "PyTorch", { ...target, adapterClass: "any" }))).toMatch(product);
  });

  it("has a heading for every link into itself", () => {
    const text = currentText();
    const taken = new Map<string, number>();
    const slugs = new Set(
      [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
        const slug = heading!
          .toLowerCase()
          .replace(/[^a-z0-9 _-]/g, "")
          .replace(/ /g, "-");
        const count = taken.get(slug) ?? 0;
        taken.set(slug, count + 1);
        return count > 0 ? `${slug}-${count}` : slug;
      }),
    );
    const links = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !slugs.has(link))).toEqual([]);
  });

  it("has seconds of the same adapter alone, and the benefits once", () => {
    const card = { name: "a-card", result: { ...RESULT, suites: [costs] } };
    const processor = { name: "benefits", result: { ...software, suites: [gains] } };
    const foreign = withFigures(PAGE, [card, processor]);
    expect(tableAt(foreign, "#### clips")).toContain("| 120 steps (9 to 11); 1 of 5 never |");
    expect(foreign).toContain("Steps to a low loss without seconds were measured on another adapter.");
    expect(tableAt(foreign, "### benefits") + foreign.split("\n### benefits\n")[1]).toContain("seconds 3.21");
    const quicker = {
      ...gains,
      entries: [entry("slow: clip-value", { unit: "steps", median: 120, facts: { "never got there": "0 of 5", seconds: 0.5 } })],
    };
    const own = withFigures(PAGE, [card, processor, { name: "card-benefits", result: { ...RESULT, suites: [quicker] } }]);
    expect(tableAt(own, "#### clips")).toContain("| 120 steps (9 to 11), 0.500 s |");
    expect(own.split("\n## card-benefits\n")[1]!.split("\n## ")[0]).toContain("in the tables of remedies");
    expect(own.split("\n## card-benefits\n")[1]!.split("\n## ")[0]).not.toContain("slow: clip-value");
  });

  it("has the plain nets in one table, a remedy without a base in its own, and what it does not know in another", () => {
    const entries = [
      entry("clips: plain-50"),
      entry("norms: plain-24", { group: "norms, 24 layers" }),
      entry("clips: clip-value-50", { title: "clip by value" }),
      entry("clips: another-50", { group: "strangers" }),
    ];
    const text = withFigures(PAGE, [{ name: "a-card", result: { ...RESULT, suites: [{ ...costs, entries }] } }]);
    const plain = tableAt(text, "#### plain");
    expect(plain.match(/^\| (?:clips, 50|norms, 24) layers \| 10 ms \|/gm)?.length).toBe(2);
    expect(plain).not.toMatch(/clip by value|another/);
    expect(tableAt(text, "#### clips")).toContain("| clip by value | 10 ms, with no base |");
    expect(tableAt(text, "#### strangers")).toContain("| clips: another-50 | 10 ms |");
  });

  it.each([
    ["at most", 1, [2.4, 1.6, 3], "| at most 1 × | 2.40 × (1.60 × to 3 ×) |"],
    ["at most", 1.35, [2.4, 1.6, 3], "| at most +35.0 % | +140.0 % (+60.0 % to +200.0 %) |"],
    ["at least", 8, [1.64, 1.57, 1.75], "| at least 8 × | 1.64 × (1.57 × to 1.75 ×) |"],
    ["at least", 1.3, [1.2, 0.9, 1.4], "| at least 1.30 × | no measurable difference (0.900 × to 1.40 ×) |"],
    [null, 1, [1.2, 1.1, 2.1], "| +20.0 % (+10.0 % to +110.0 %) |"],
    [null, 1, [2.4, 1.6, 3], "| 2.40 × (1.60 × to 3 ×) |"],
  ] as const)("writes a ratio, its interval and what is promised of it in one unit: %s %f", (relation, value, [ratio, low, high], row) => {
    const made = compared("clips: clip-value-50", "made", ratio, [low, high], "yes");
    const target: Target | null = relation && { relation, value, adapterClass: "any" };
    const entries = [{ ...made, comparison: { ...made.comparison!, target } }];
    const text = withFigures(PAGE, [{ name: "a-card", result: { ...RESULT, suites: [{ ...costs, entries }] } }]);
    expect(target ? text.split("## a-card")[0] : tableAt(text, "#### clips")).toContain(row);
  });
});

it("keeps nothing but documents under bench/results", () => {
  expect(readdirSync(new URL("../../bench/results", import.meta.url)).filter((name) => !/\.json$|^README\.md$|^local$/.test(name))).toEqual(
    [],
  );
});
