/** Mutants that compute the same, each with the reason why no test can kill it. */
import type { Mutant } from "./mutate.ts";

export interface Equivalent {
  /** In shaders/. */
  readonly file: string;
  /** The line as it stands there, trimmed. */
  readonly before: string;
  /** What it becomes; or a pattern, or nothing for all that the rules make of the line. */
  readonly after?: string | RegExp;
  readonly reason: string;
}

const SAME_IN_ALL_LANES = "all lanes hold the same sum, and write the same";
const ANOTHER_GROUP = "what other workgroups write there is the same";
const UNUSED_SUM = "no one reads that sum before all are 0 again";

export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: "batch_norm.wgsl",
    before: "var sums = Sums(F(0.0), F(0.0), F(0.0));",
    after: /, F\(1\.0\)/,
    reason: UNUSED_SUM,
  },
  {
    file: "batch_norm.wgsl",
    before: "sums = Sums(F(0.0), F(0.0), F(0.0));",
    after: "sums = Sums(F(0.0), F(0.0), F(1.0));",
    reason: UNUSED_SUM,
  },
  {
    file: "batch_norm.wgsl",
    before: "return Sums(x[min(column, COLUMNS - 1u)], shift, sums.b * scale);",
    after: /COLUMNS( \+ 1u)?\)/,
    reason: "a column beyond the last is not live, and nothing is done with its sums",
  },
  {
    file: "batch_norm.wgsl",
    before: "sums.a += x[row * COLUMNS + column];",
    after: /x\[(COLUMNS \+ )?column\]/,
    reason: "an element of the column is as good a pivot as the mean: what it is off, the sums of what remains correct",
  },
  ...["batch_norm.wgsl", "batch_norm_gradient.wgsl"].flatMap((file): Equivalent[] => [
    {
      file,
      before: "if (begin == 0u && row_lane == 0u) {",
      after: "if (begin == 0u || row_lane == 0u) {",
      reason: ANOTHER_GROUP,
    },
    {
      file,
      before: "for (var row = begin + row_lane; row < min(begin + BLOCK, ROWS); row += ROW_LANES) {",
      after: /begin - BLOCK|var row = row_lane;/,
      reason: ANOTHER_GROUP,
    },
  ]),
  {
    file: "finish_statistics.wgsl",
    before: "for (var first = 0u; first < SEGMENTS; first += SIZE / LANES) {",
    after: /first \+= SIZE( \* LANES)?\)/,
    reason: "there is more than one lane only where all segments are taken in one round",
  },
  {
    file: "muon_stack.wgsl",
    before: "for (var element = owned.begin + 4u * lane; element < owned.end; element += 4u * SIZE) {",
    after: /element \+= (4u|SIZE)\)/,
    reason: "what several invocations compute and write is the same",
  },
  {
    file: "update_muon.wgsl",
    before: "for (var at = 0u; at < min(4u, owned.end - element); at++) {",
    after: /owned\.end( \+ element)?\)/,
    reason: "what is read behind the end goes into padding, which is not written",
  },
  ...["lamb_moments.wgsl", "muon_moments.wgsl", "segment_norms.wgsl", "finish_loss.wgsl"].map(
    (file): Equivalent => ({ file, before: "if (lane == 0u) {", after: "if (lane != 0u) {", reason: SAME_IN_ALL_LANES }),
  ),
];

export function isEquivalent({ before, after }: Mutant, file: string, list: readonly Equivalent[] = EQUIVALENT): boolean {
  return list.some(
    (one) =>
      one.file === file &&
      one.before === before &&
      (one.after === undefined || (one.after instanceof RegExp ? one.after.test(after) : one.after === after)),
  );
}
