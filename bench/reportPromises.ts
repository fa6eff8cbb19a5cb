/** The head of the figures: every promise with what was measured, whether it is kept, and where its figures stand. */
import { type Column, markdownTable } from "../src/cli/format.ts";
import type { NamedResult } from "./reportText.ts";
import type { Entry, SuiteResult, Target } from "./schema.ts";
import { comparisonText, keptText, number, targetText } from "./table.ts";

interface Promised {
  readonly entry: Entry;
  readonly suite: SuiteResult;
  readonly document: NamedResult;
  /** Of the ratio of times, or else of the median. */
  readonly ofRatio: boolean;
}

/** Lines of Markdown: a table of promises with links into the sections, and what no document measured. */
export function promises(documents: readonly NamedResult[], before: readonly string[], sections: readonly string[]): string[] {
  const rows = documents.flatMap(promisedBy);
  const anchorOf = anchors(["## Promises", ...sections], before);
  const columns: readonly Column<Promised>[] = [
    {
      title: "what",
      align: "left",
      // Remedies stand in tables of other names than the groups in which they were measured.
      cell: ({ entry, suite, document: { name } }) => `[${entry.title}](#${anchorOf(name, entry.group) ?? anchorOf(name, suite.name)})`,
    },
    { title: "suite", align: "left", cell: ({ suite }) => suite.name },
    { title: "target", align: "left", cell: (row) => targetText(targetOf(row), row.entry) },
    { title: "measured", align: "left", cell: measuredText },
    { title: "kept", align: "left", cell: keptOf },
    ...(documents.length > 0 && new Set(rows.map(adapterOf)).size > 1 ? [{ title: "on", align: "left", cell: adapterOf } as const] : []),
  ];
  return [
    "## Promises",
    "",
    ...(rows.length === 0 ? ["No document has anything that is promised.", ""] : [countsText(rows), "", markdownTable(columns, rows), ""]),
    ...unmeasured(documents),
  ];
}

/** A trial's numbers say nothing of promises. */
const promisedBy = (document: NamedResult): Promised[] =>
  document.result.quick
    ? []
    : document.result.suites.flatMap((suite) =>
        suite.entries.flatMap((entry) => [
          ...(entry.target ? [{ entry, suite, document, ofRatio: false }] : []),
          ...(entry.comparison?.target ? [{ entry, suite, document, ofRatio: true }] : []),
        ]),
      );

const targetOf = ({ entry, ofRatio }: Promised): { readonly target: Target; readonly ofRatio: boolean } => ({
  target: (ofRatio ? entry.comparison!.target : entry.target)!,
  ofRatio,
});

const measuredText = ({ entry, ofRatio }: Promised): string =>
  ofRatio ? comparisonText(entry.comparison!) : `${number(entry.median)} ${entry.unit}`;

const keptOf = ({ entry, ofRatio }: Promised): string => keptText(entry)[ofRatio ? "ratio" : "median"];

const adapterOf = ({ document }: Promised): string => document.result.environment.adapter;

/** "23 promises, kept: 14 yes, 7 not shown, 2 NO." */
function countsText(rows: readonly Promised[]): string {
  const all = rows.map(keptOf);
  const kinds = new Set(["yes", "not shown", "NO", ...all]);
  const parts = [...kinds].filter((kind) => all.includes(kind)).map((kind) => `${all.filter((kept) => kept === kind).length} ${kind}`);
  return `${rows.length} promises, kept: ${parts.join(", ")}. A ratio is of median times, with its 95 % interval: a peer's over Fathom's, a remedy's over those of the net without it; "not shown" is what that interval neither shows nor refutes.`;
}

/** What is promised on a GPU against other libraries on the same card: entries that hold it name the library and the size. */
const ON_A_GPU = [
  { what: "the f32 product of 4096 × 4096 matrices (at least 60 % of PyTorch's)", library: /pytorch/i, sizes: ["4096"] },
  { what: "training steps of 50 × 64 and 200 × 32 against PyTorch", library: /pytorch/i, sizes: ["50x64", "200x32"] },
  { what: "the same steps against JAX", library: /\bjax\b(?!-js)/i, sizes: ["50x64", "200x32"] },
] as const;

/** Says that no GPU was measured where none was, and what of its promises no entry has, however much of a GPU is measured. */
function unmeasured(documents: readonly NamedResult[]): string[] {
  const isGpu = documents.some(({ result }) => result.environment.adapterClass === "hardware" && !result.quick);
  const held = documents
    .flatMap(promisedBy)
    .filter((row) => targetOf(row).target.adapterClass === "hardware")
    .map(({ entry: { group, title } }) => `${group}, ${title}`.replace(/ × /g, "x"));
  const missing = ON_A_GPU.filter(
    ({ library, sizes }) => !sizes.every((size) => held.some((name) => library.test(name) && name.includes(size))),
  ).map(({ what }) => what);
  const adapters = [...new Set(documents.map(({ result }) => result.environment.adapter))];
  const parts = [
    ...(isGpu ? [] : [`**No real GPU was measured: all figures are of ${adapters.join(", ")}, on the processor.**`]),
    ...(missing.length > 0 ? [`Missing is what is promised on a GPU, against others on the same card: ${missing.join("; ")}.`] : []),
  ];
  return parts.length > 0 ? [parts.join(" "), ""] : [];
}

/** As GitHub makes them: letters, digits, hyphens and low lines stay, and those that are taken have a number after them. */
export const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");

/** Where a document's section begins, or a group in it. */
function anchors(lines: readonly string[], before: readonly string[]): (document: string, group?: string) => string | undefined {
  const taken = new Map<string, number>();
  const found = new Map<string, string>();
  let document = "";
  const slugFor = (heading: string): string => {
    const slug = slugOf(heading);
    const count = taken.get(slug) ?? 0;
    taken.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
  for (const line of before) {
    const [, heading] = /^#+ (.+)$/.exec(line) ?? [];
    if (heading !== undefined) slugFor(heading);
  }
  for (const line of lines) {
    const [, marks, heading] = /^(#+) (.+)$/.exec(line) ?? [];
    if (marks === undefined || heading === undefined) continue;
    const slug = slugFor(heading);
    if (marks.length === 2) document = heading;
    const key = marks.length === 2 ? document : `${document}\n${heading}`;
    if (!found.has(key)) found.set(key, slug);
  }
  return (name, group) => found.get(group === undefined ? name : `${name}\n${group}`);
}
