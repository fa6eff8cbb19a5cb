/** What the lab keeps of a run: parts that are sound are joined in order and in bounded room, and others are left out; and how often it is kept. */
import { expect, it } from "vitest";
import { waitAfter } from "../../demo/keeper.ts";
import { PART_FORMAT } from "../../demo/messages.ts";
import { histogramsOf, joined, type Part } from "../../demo/past.ts";

const WEIGHTS = 2;

/** Steps `from` to `from + count`, looked inside at each. */
const partOf = (from: number, count: number): Part => ({
  format: PART_FORMAT,
  rowLength: 3,
  rows: Float32Array.from({ length: 3 * count }, (_, index) => from + Math.floor(index / 3)),
  inside: {
    weights: WEIGHTS,
    activations: ["0 tanh"],
    rows: Float32Array.from({ length: 5 * count }, (_, index) => from + Math.floor(index / 5)),
  },
  seen: {
    evaluations: [{ step: from, trainLoss: 1, trainAccuracy: null, testLoss: null, testAccuracy: 0.5 }],
    marks: [{ step: from, text: "rate" }],
  },
});

it("joins parts in order", () => {
  const whole = joined([partOf(0, 10), partOf(10, 5), { ...partOf(15, 2), inside: null }])!;
  expect([...whole.rows].filter((_, index) => index % 3 === 0)).toEqual(Array.from({ length: 17 }, (_, step) => step));
  expect([...whole.inside!.rows].filter((_, index) => index % 5 === 0)).toEqual(Array.from({ length: 15 }, (_, step) => step));
  expect(whole.seen.evaluations.map(({ step }) => step)).toEqual([0, 10, 15]);
  expect(whole.seen.marks.map(({ step }) => step)).toEqual([0, 10, 15]);
  expect(joined([whole])).toEqual(whole);
  const diverged = { step: 20, trainLoss: Number.NaN, trainAccuracy: 0.1, testLoss: Number.POSITIVE_INFINITY, testAccuracy: null };
  expect(joined([{ ...partOf(20, 1), seen: { marks: [], evaluations: [diverged] } }])!.seen.evaluations).toEqual([diverged]);
});

it("keeps all of them in bounded room, however many there are", () => {
  const [rowLength, count] = [1000, 300];
  const wide = Array.from({ length: 20 }, (_, part) => {
    const rows = new Float32Array(rowLength * count);
    for (let row = 0; row < count; row++) rows[rowLength * row] = part * count + row;
    return { ...partOf(0, 1), rowLength, rows, inside: { weights: rowLength - 3, activations: ["0 tanh"], rows } };
  });
  const whole = joined(wide)!;
  for (const { rows } of [whole, whole.inside!]) {
    expect(rows.length).toBeLessThanOrEqual(2 ** 21);
    expect(rows.length).toBeGreaterThan(2 ** 19);
    expect([rows[0], rows.at(-rowLength)]).toEqual([0, 20 * count - 1]);
  }
});

it.each([
  ["another version's", { format: 1 }],
  ["no format at all", { format: undefined }],
  ["rows that are no array of numbers", { rows: [1, 2, 3] }],
  ["a row that is cut short", { rows: new Float32Array(4) }],
  ["no length of a row", { rowLength: 0 }],
  ["rows of another net", { rowLength: 1 }],
  ["an inside that is cut short", { inside: { ...partOf(0, 1).inside, rows: new Float32Array(4) } }],
  ["an inside without names", { inside: { ...partOf(0, 1).inside, activations: [1] } }],
  ["an evaluation without a loss", { seen: { marks: [], evaluations: [{ ...partOf(0, 1).seen.evaluations[0], trainLoss: "1" }] } }],
  ["a mark without a text", { seen: { evaluations: [], marks: [{ step: 1 }] } }],
  ["nothing seen", { seen: null }],
])("leaves out a part with %s", (_, change) => {
  expect(joined([partOf(0, 3), { ...partOf(3, 1), ...change }])).toEqual(partOf(0, 3));
});

it("has nothing where no part is sound, and histograms only where they are some", () => {
  expect(joined([])).toBeNull();
  expect(joined([null, 1, { format: PART_FORMAT }])).toBeNull();
  const histograms = { step: 3, counts: new Uint32Array(128) };
  expect(histogramsOf(histograms, 64)).toBe(histograms);
  for (const wrong of [
    undefined,
    null,
    { step: 3 },
    { step: -1, counts: histograms.counts },
    { step: 3, counts: new Uint32Array(65) },
    { step: 3, counts: new Uint32Array(0) },
  ])
    expect(histogramsOf(wrong, 64)).toBeNull();
});

it.each([0, 10, 100, 400, 600, 1000, 2000])("waits so long after a snapshot of %i ms that the last is at most ten seconds old", (took) => {
  const wait = waitAfter(took);
  expect(wait).toBeGreaterThanOrEqual(4000);
  // The clock is looked at twice a second, and the next takes as long again.
  expect(wait + 500 + took).toBeLessThanOrEqual(10_000);
  if (took <= 400) expect(took / (took + wait)).toBeLessThan(0.07);
});
