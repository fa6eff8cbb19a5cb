/** The lab's pad: strokes become the data set's 8 × 8 pixels, wherever and however large they were drawn. */
import { describe, expect, it } from "vitest";
import { gridOf, type Stroke } from "../../demo/padGrid.ts";

const pixel = (grid: Float32Array, row: number, column: number): number => grid[8 * row + column]!;
const rowsOf = (grid: Float32Array): number[] => Array.from({ length: 8 }, (_, row) => Math.max(...grid.subarray(8 * row, 8 * row + 8)));
const line = (from: readonly [number, number], to: readonly [number, number]): Stroke => [
  { x: from[0], y: from[1] },
  { x: to[0], y: to[1] },
];
/** Down the middle of the pad. */
const ONE = line([0.5, 0.2], [0.5, 0.8]);

describe("the pad's grid", () => {
  it("is empty where nothing was drawn", () => {
    expect([...gridOf([])]).toEqual(Array(64).fill(0));
    expect([...gridOf([[]])]).toEqual(Array(64).fill(0));
  });

  it("fills the square from edge to edge with a stroke down, in its middle", () => {
    const grid = gridOf([ONE]);
    // The pen is 1.8 pixels wide about the border of columns 3 and 4.
    for (let row = 1; row < 7; row++) {
      expect(pixel(grid, row, 3)).toBe(1);
      expect(pixel(grid, row, 4)).toBe(1);
      for (const column of [0, 1, 2, 5, 6, 7]) expect(pixel(grid, row, column)).toBe(0);
    }
    // Rounded ends: some of the dots, not all.
    for (const row of [0, 7]) {
      expect(pixel(grid, row, 3)).toBeGreaterThan(0.3);
      expect(pixel(grid, row, 3)).toBeLessThan(1);
    }
  });

  it("is the same for a drawing that is moved, larger, or in other strokes", () => {
    const seven = [line([0.2, 0.2], [0.6, 0.2]), line([0.6, 0.2], [0.35, 0.8])];
    const grid = gridOf(seven);
    const changed = seven.map((stroke) => stroke.map(({ x, y }) => ({ x: 0.25 + 0.5 * x, y: 0.1 + 0.5 * y })));
    expect([...gridOf(changed)]).toEqual([...grid]);
    expect([...gridOf([[...seven[0]!, ...seven[1]!]])]).toEqual([...grid]);
    expect(rowsOf(grid).every((most) => most > 0)).toBe(true);
    // Its bar is at the top, and its stem goes down to the left.
    expect(pixel(grid, 0, 2)).toBeGreaterThan(0.5);
    expect(pixel(grid, 6, 6)).toBe(0);
    expect(pixel(grid, 6, 3)).toBeGreaterThan(0.5);
  });

  it("keeps the shape: a wide stroke is not stretched to the height", () => {
    const rows = rowsOf(gridOf([line([0.1, 0.5], [0.9, 0.5])]));
    expect(rows).toEqual([0, 0, 0, 1, 1, 0, 0, 0]);
  });

  it("does not blow up a dot", () => {
    const grid = gridOf([[{ x: 0.3, y: 0.3 }]]);
    const ink = grid.reduce((sum, one) => sum + one, 0);
    // A circle of the pen's radius, in pixels.
    expect(ink).toBeGreaterThan(0.9 * Math.PI * 0.9 ** 2);
    expect(ink).toBeLessThan(1.1 * Math.PI * 0.9 ** 2);
    for (const at of [27, 28, 35, 36]) expect(grid[at]).toBeGreaterThan(0.5);
    // Nor a hand that trembled.
    expect(rowsOf(gridOf([line([0.5, 0.5], [0.5, 0.52])])).filter((most) => most > 0).length).toBeLessThanOrEqual(4);
  });

  it("counts a dot as it is, and ink once where strokes cross", () => {
    expect([...gridOf([ONE, ONE])]).toEqual([...gridOf([ONE])]);
    for (const value of gridOf([ONE])) expect((16 * value) % 1).toBe(0);
  });
});
