/** Mutants that compute the same, each with the reason why no test can kill it. */
import type { Mutant } from "./mutate.ts";

export interface Equivalent {
  /** In shaders/. */
  readonly file: string;
  /** The line as it stands there, trimmed. */
  readonly before: string;
  /** What it becomes; or a pattern, or nothing for all that the rules make of the line. */
  readonly after?: string | RegExp;
  /** Which of the lines of that text, counted from 0; all of them if left out. */
  readonly occurrence?: number;
  /** Where the adapter makes it so; in the other it must be killed. */
  readonly browser?: "firefox" | "chromium";
  readonly reason: string;
}

const SAME_IN_ALL_LANES = "all lanes hold the same sum, and write the same";
const ANOTHER_GROUP = "what other workgroups write there is the same";
const NOT_LIVE = "what an invocation without a line or column of its own has is used nowhere";
const FIRST_BLOCK = "the first block then takes everything and the others nothing, and what is added up over the blocks is the same";
const UNUSED_SUM = "no one reads that sum, or before all are 0 again";

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
    before: "sums = Sums(F(0.0), F(0.0), F(0.0));",
    after: "sums = Sums(F(1.0), F(0.0), F(0.0));",
    occurrence: 0,
    reason: UNUSED_SUM,
  },
  ...(
    [
      ["let is_safe = exponent > 127u - SAFE && exponent < 127u + SAFE;", /> 127u \+ SAFE|< 127u - SAFE|> 127u &&|< 127u;|< SAFE;/],
      ["let is_good = is_safe && spread * 8.0 >= rough.y;", "let is_good = is_safe && spread >= rough.y;"],
      ["if (live && !is_good) {", "if (live || !is_good) {"],
    ] as const
  ).map(
    ([before, after]): Equivalent => ({
      file: "row_norm.wgsl",
      before,
      after,
      reason: "the second pass where the first would do: it finds the same, or is not asked",
    }),
  ),
  {
    file: "row_norm.wgsl",
    before: "let again = combine_line(vec3f(total(sum), total(squares), 0.0), lane);",
    after: "let again = combine_line(vec3f(total(sum), total(squares), 1.0), lane);",
    reason: "the largest is not asked for",
  },
  {
    file: "row_norm_gradient.wgsl",
    before: "let sums = combine_line(vec3f(total(sum), total(along), 0.0), lane);",
    after: "let sums = combine_line(vec3f(total(sum), total(along), 1.0), lane);",
    reason: "the largest is not asked for",
  },
  {
    file: "row_norm_gradient.wgsl",
    before: "let own = line_of(min(line, LINES - 1u));",
    after: /LINES( \+ 1u)?\)/,
    reason: NOT_LIVE,
  },
  ...["row_norm_gradient.wgsl", "row_norm_gradient_partials.wgsl"].map(
    (file): Equivalent => ({
      file,
      before: "var sums = Sums(F(0.0), F(0.0), F(0.0));",
      after: "var sums = Sums(F(0.0), F(0.0), F(1.0));",
      reason: UNUSED_SUM,
    }),
  ),
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
  { file: "batch_norm_partials.wgsl", before: "var sums = Sums(F(0.0), F(0.0), F(0.0));", after: /, F\(1\.0\)/, reason: UNUSED_SUM },
  {
    file: "batch_norm_partials.wgsl",
    before: "sums = Sums(F(0.0), F(0.0), F(0.0));",
    after: "sums = Sums(F(0.0), F(0.0), F(1.0));",
    reason: UNUSED_SUM,
  },
  {
    file: "batch_norm_partials.wgsl",
    before: "for (var row = begin + row_lane; row < end; row += ROW_LANES) {",
    after: "for (var row = begin; row < end; row += ROW_LANES) {",
    occurrence: 0,
    reason: "the mean of some of a block's rows is as good a pivot as that of all",
  },
  { file: "batch_norm_partials.wgsl", before: "var pivot = F(0.0);", reason: NOT_LIVE },
  { file: "batch_norm_gradient.wgsl", before: "var mean = F(0.0);", reason: NOT_LIVE },
  {
    file: "batch_norm_partials.wgsl",
    before: "let scale = F(1.0 / f32(max(end, begin + 1u) - begin));",
    after: /max\(end, (begin|1u)\)/,
    reason: "there is a row in every block with a live column, so that end is beyond begin",
  },
  {
    file: "batch_norm_gradient_partials.wgsl",
    before: "for (var row = begin + row_lane; row < min(begin + BLOCK, ROWS); row += ROW_LANES) {",
    after: /begin - BLOCK/,
    reason: FIRST_BLOCK,
  },
  {
    file: "pointwise_loss.wgsl",
    before: "let end = min((group + 1u) * SPAN, COUNT);",
    after: "let end = min((group - 1u) * SPAN, COUNT);",
    reason: FIRST_BLOCK,
  },
  {
    file: "gradient_statistics.wgsl",
    before: "let is_ordinary = all == 0u || (all >= LEAST_ORDINARY && all <= MOST_ORDINARY);",
    after: "let is_ordinary = all == 0u && (all >= LEAST_ORDINARY && all <= MOST_ORDINARY);",
    reason: "the way of the extreme magnitudes gives the same sums, in two passes more",
  },
  ...["softmax.wgsl", "softmax_cross_entropy.wgsl"].map((file): Equivalent => ({ file, before: "var highest = 0.0;", reason: NOT_LIVE })),
  {
    file: "gradient_noise.wgsl",
    before: "for (var element = begin + 4u * lane; element < end; element += 4u * SIZE) {",
    after: /element \+= (4u|SIZE)\)/,
    reason: "what several invocations compute and write is the same",
  },
  {
    file: "clip_rows.wgsl",
    before: "if (w.bad != 0u || g.bad != 0u) {",
    after: "if (w.bad != 0u && g.bad != 0u) {",
    reason: "a limit of ∞, or one over ∞, comes to the same factor where a GPU has infinities; the line is for those that have none",
  },
  ...["clip_rows.wgsl", "max_norm.wgsl"].map(
    (file): Equivalent => ({
      file,
      before: "let begin = tile.offset + min(row, tile.rows - 1u) * tile.length;",
      after: /tile\.rows( \+ 1u)?\)/,
      reason: "a row behind the last is empty wherever it begins",
    }),
  ),
  {
    file: "lib/arena_rows.wgsl",
    before: "let lanes = min(rows_table[at + 3u], SIZE);",
    after: "let lanes = min(rows_table[3u], SIZE);",
    reason: "however many invocations share a row, they find the same",
  },
  {
    file: "lib/clip.wgsl",
    before: "if (norm.exponent > 60) {",
    after: "if (norm.exponent <= 60) {",
    reason: "what overflows or vanishes in the other way to compare is on the side where it belongs",
  },
  ...[
    "lamb_moments.wgsl",
    "muon_moments.wgsl",
    "segment_norms.wgsl",
    "finish_loss.wgsl",
    "gradient_statistics.wgsl",
    "multi_margin.wgsl",
    "pointwise_loss.wgsl",
    "softmax_cross_entropy.wgsl",
  ].map((file): Equivalent => ({ file, before: "if (lane == 0u) {", after: "if (lane != 0u) {", reason: SAME_IN_ALL_LANES })),
  {
    file: "clip_rows.wgsl",
    before: "if (index == 0u) {",
    after: "if (index != 0u) {",
    reason: "all other invocations store the same",
  },
  {
    file: "lib/stack_norm.wgsl",
    before: "let line = saved[LINES + number * ROWS + min(first_row + row, ROWS - 1u)];",
    after: /min\(first_row \+ row, ROWS( \+ 1u)?\)/,
    reason: "a row behind the last is a copy that no other row reads, and nothing of it is stored",
  },
  {
    file: "lib/stack_norm.wgsl",
    before: "kept[LINES + number * ROWS + first_row + row] = vec4f(line.scale, line.pivot, line.rest, 0.0);",
    after: /line\.rest, 1\.0\)/,
    reason: "a line has three numbers; the fourth fills up, and no one reads it",
  },
  {
    file: "lib/stack_norm.wgsl",
    before: "var largest = vec4f(0.0);",
    after: "var largest = vec4f(1.0);",
    browser: "firefox",
    reason:
      "the scale is then at most 1, and squares below 2^-126 lose digits, which do not count beside an epsilon that is a normal number; an adapter that takes such squares for 0, as Chromium's, shows it",
  },
  {
    file: "lib/stack_norm.wgsl",
    before: "let inverse = select(inverseSqrt(mean_square), 0.0, mean_square == 0.0);",
    after: /inverseSqrt\(mean_square\), 1\.0/,
    reason:
      "nn gives every norm of a stack an epsilon above 0, so that a mean square of 0 needs one that a GPU takes for 0, and for its y not even then: the row is constant",
  },
];

export function isEquivalent(
  mutant: Mutant,
  file: string,
  browser: "firefox" | "chromium",
  list: readonly Equivalent[] = EQUIVALENT,
): boolean {
  const { before, after } = mutant;
  return list.some(
    (one) =>
      one.file === file &&
      (one.browser ?? browser) === browser &&
      one.before === before &&
      (one.after === undefined || (one.after instanceof RegExp ? one.after.test(after) : one.after === after)) &&
      (one.occurrence === undefined || one.occurrence === occurrenceOf(mutant)),
  );
}

/** How many lines above it are as it was. */
const occurrenceOf = ({ text, line, before }: Mutant): number =>
  text
    .split("\n")
    .slice(0, line - 1)
    .filter((above) => above.trim() === before).length;
