/** The lab's rows of reports: every one while there is room, and evenly some in bounded room for as long as a run goes on. */
import { expect, it } from "vitest";
import { decadesOf } from "../../demo/frame.ts";
import { RowStore } from "../../demo/rowStore.ts";

const rowOf = (step: number): number[] => [step, step + 0.25, -step];

/** In batches of one to four rows. */
function filled(steps: number, mostNumbers?: number): RowStore {
  const store = new RowStore(3, mostNumbers);
  for (let step = 0; step < steps; ) {
    const batch = Array.from({ length: Math.min(1 + (step % 4), steps - step) }, (_, index) => rowOf(step + index));
    store.add(Float32Array.from(batch.flat()));
    step += batch.length;
  }
  return store;
}

it("keeps every row, in order, through every growth", () => {
  const store = filled(1000);
  expect(store.count).toBe(1000);
  expect([...store.rows]).toEqual(Array.from({ length: 1000 }, (_, step) => rowOf(step)).flat());
  expect([...store.row(999)]).toEqual(rowOf(999));
});

it.each([1, 9, 10, 11, 12, 19, 20, 21, 100, 1023])(
  "keeps evenly some of %i rows where there is room for ten, the first and the last among them",
  (steps) => {
    const store = filled(steps, 30);
    expect(store.count).toBeLessThanOrEqual(10);
    const kept = Array.from({ length: store.count }, (_, row) => store.row(row)[0]!);
    expect([...store.rows]).toEqual(kept.flatMap(rowOf));
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBe(steps - 1);
    const gaps = kept.slice(1, -1).map((step, row) => step - kept[row]!);
    expect(new Set(gaps).size).toBeLessThanOrEqual(1);
    if (steps >= 10) expect(store.count).toBeGreaterThanOrEqual(5);
  },
);

it("finds the powers of ten that hold all norms, and leaves out what has none", () => {
  const before = { low: -1, high: 1 };
  expect(decadesOf([0.1, 1, 10, 0, Number.NaN, Number.POSITIVE_INFINITY, -5], before)).toBe(before);
  expect(decadesOf([0.099, 10.1], before)).toEqual({ low: -2, high: 2 });
  expect(decadesOf([3e-22, 5], before)).toEqual({ low: -22, high: 1 });
});
