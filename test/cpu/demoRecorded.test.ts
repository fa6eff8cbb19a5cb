/** Recorded runs of the lab, and the presets that are recorded: packed numbers come back, and a preset is made lighter and never another net. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Choices, differing, STANDARD } from "../../demo/choices.ts";
import { lighter } from "../../demo/lighter.ts";
import { COLUMNS } from "../../demo/messages.ts";
import { fromBase64, packBytes, packRows, type RecordedStory, unpackRows } from "../../demo/recording.ts";
import { STORIES } from "../../demo/stories.ts";

const WEIGHTS = ["0.weight", "2.weight"];
/** Bits kept of a float32's fraction. */
const EPSILON = 2 ** -8;

function back(rows: readonly (readonly number[])[]): number[][] {
  const unpacked = unpackRows({ rows: packRows(rows), rowSteps: rows.map(([step]) => step!), weights: WEIGHTS });
  return unpacked.map((row) => [...row]);
}

describe("a recording", () => {
  it("comes back row by row, to two or three digits, with its steps whole", () => {
    const rows = Array.from({ length: 40 }, (_, row) => [
      1001 * row,
      2.3 / (row + 1),
      0.02,
      10 ** (row - 20),
      1,
      10 ** (-0.9 * row),
      -(1.5 ** row),
    ]);
    expect(rows[0]).toHaveLength(COLUMNS.length + WEIGHTS.length);
    const unpacked = back(rows);
    expect(unpacked).toHaveLength(40);
    for (const [row, values] of unpacked.entries()) {
      expect(values[0]).toBe(1001 * row);
      for (const [column, value] of values.entries())
        expect(Math.abs(value - rows[row]![column]!), `${row} ${column}`).toBeLessThanOrEqual(EPSILON * Math.abs(rows[row]![column]!));
    }
  });

  it("keeps powers of two, zero, and what is not finite", () => {
    const values = [0, 2 ** -100, -(2 ** 40), Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY];
    expect(back([[7, ...values]])[0]).toEqual([7, ...values]);
  });

  it("rounds to the nearest, up where the upper half is nearer", () => {
    // 1 + 2⁻⁸ + 2⁻¹⁶ lies above the middle of 1 and 1 + 2⁻⁷.
    expect(back([[0, 1 + 2 ** -8 + 2 ** -16, 1 + 2 ** -9, 1, 1, 1, 1]])[0]!.slice(1, 3)).toEqual([1 + 2 ** -7, 1]);
  });

  it("keeps bytes", () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte);
    expect([...fromBase64(packBytes(bytes))]).toEqual(bytes);
  });

  it.each(STORIES)("of $id has each of its stages, to the end", ({ id, stages }) => {
    const { story, stages: recorded } = JSON.parse(
      readFileSync(new URL(`../../demo/recorded/${id}.json`, import.meta.url), "utf8"),
    ) as RecordedStory;
    expect(story).toBe(id);
    expect(recorded.map(({ label }) => label)).toEqual(stages.map(({ label }) => label));
    for (const [index, stage] of recorded.entries()) {
      expect(stage.steps).toBe(lighter(stages[index]!.choices).steps);
      const rows = unpackRows(stage);
      expect(rows.length).toBe(stage.rowSteps.length);
      expect([...stage.rowSteps]).toEqual([...stage.rowSteps].sort((a, b) => a - b));
      for (const row of rows) expect(row).toHaveLength(COLUMNS.length + stage.weights.length);
      // Learning rates are known, so that columns that have slipped would show.
      const rate = stages[index]!.choices.schedule === "constant" ? stages[index]!.choices.rate : null;
      if (rate !== null) expect(Math.abs(rows[0]![2]! / rate - 1)).toBeLessThan(EPSILON);
    }
  });
});

describe("a lighter preset", () => {
  const SPARED: readonly string[] = ["width", "batchSize", "steps"];
  const deep = (changes: Partial<Choices>): Choices => ({ ...STANDARD, ...changes });

  it("has fewer samples and steps where it is deep, is narrower where it is very deep, and is itself where it is not", () => {
    expect(lighter(deep({ depth: 29 }))).toEqual(deep({ depth: 29 }));
    expect(lighter(deep({ depth: 30 }))).toEqual(deep({ depth: 30, batchSize: 64, steps: 250 }));
    expect(lighter(deep({ depth: 50, batchSize: 128 }))).toEqual(deep({ depth: 50, batchSize: 64, steps: 150 }));
    expect(lighter(deep({ depth: 99 }))).toEqual(deep({ depth: 99, batchSize: 64, steps: 150 }));
    expect(lighter(deep({ depth: 100 }))).toEqual(deep({ depth: 100, width: 16, batchSize: 32, steps: 100 }));
    for (const depth of [40, 200]) {
      const small = deep({ depth, width: 8, batchSize: 4, steps: 10 });
      expect(lighter(small)).toEqual(small);
    }
  });

  it.each(STORIES.flatMap(({ id, stages }) => stages.map((stage) => ({ name: `${id}: ${stage.label}`, stage }))))(
    "of $name is the same net, and lighter only once",
    ({ stage: { choices } }) => {
      const light = lighter(choices);
      expect(differing(choices, light).filter((name) => !SPARED.includes(name))).toEqual([]);
      for (const name of SPARED as ("width" | "batchSize" | "steps")[]) expect(light[name]).toBeLessThanOrEqual(choices[name]);
      expect(lighter(light)).toEqual(light);
    },
  );
});
