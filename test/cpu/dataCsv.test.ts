/** Tables in CSV: what is read, what is guessed, and how wrong ones are refused. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import { csvRecords, separatorOf } from "../../src/data/csvRecords.ts";
import * as data from "../../src/data/index.ts";
import { parseExperiment, prepareExperiment } from "../../src/experiment/index.ts";

const file = (text: string, name = "a.csv"): File => new File([text], name);
const read = (text: string, options: data.CsvOptions = {}) => data.csv(file(text), { standardize: false, testFraction: 0, ...options });

async function failure(text: string, options: data.CsvOptions = {}): Promise<string> {
  const error = await read(text, options).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FathomError)) throw new Error(`expected a FathomError, not ${String(error)}`);
  expect(error.code).toBe("file-format");
  return error.message;
}

/** Samples as they were before the shuffle: each line's answer beside its features. */
const pairs = ({ train: { x, y, count } }: data.Dataset): string[] =>
  Array.from(
    { length: count },
    (_, row) => `${[...x.subarray((row * x.length) / count, ((row + 1) * x.length) / count)]}→${y[row]}`,
  ).sort();

describe("data.csv", () => {
  it("takes a table with names and words", async () => {
    const set = await read('width,height,kind\r\n1,2.5,"cat, small"\r\n-3e2,4,dog\r\n\r\n5,6,dog\r\n');
    expect(set).toMatchObject({ name: "csv", sampleShape: [2], classes: 2, columns: ["width", "height", "kind"], test: null });
    const [cat, dog] = ["cat, small", "dog"].map((name) => set.classNames!.indexOf(name));
    expect(pairs(set)).toEqual([`1,2.5→${cat}`, `-300,4→${dog}`, `5,6→${dog}`].sort());
  });

  it.each([
    ["1;2;7\n3;4;9\n", ["7", "9"]],
    ["1\t2\t10\n3\t4\t9\n", ["9", "10"]],
  ])("guesses the separator, that there are no names, and classes by their numbers: %j", async (text, names) => {
    const set = await read(text);
    expect(set.columns).toEqual(["column 1", "column 2", "column 3"]);
    expect(set.classNames).toEqual(names);
    expect(pairs(set)).toEqual([`1,2→${names.indexOf(text.split(/[;\t\n]/)[2]!)}`, `3,4→${names.indexOf("9")}`].sort());
  });

  it("takes fractions, and more whole numbers than classes have, as numbers to be learnt", async () => {
    const fractions = await read("1,0.5\n2,1\n");
    expect(fractions).toMatchObject({ classes: null, classNames: null });
    expect(fractions.train.yShape).toEqual([1]);
    expect(pairs(fractions)).toEqual(["1→0.5", "2→1"]);
    const lines = (count: number): string => Array.from({ length: count }, (_, index) => `0,${index}`).join("\n");
    expect((await read(lines(20))).classes).toBe(20);
    expect((await read(lines(21))).classes).toBeNull();
    expect((await read(lines(21), { target: "classes" })).classes).toBe(21);
    expect((await read(lines(20), { target: "numbers" })).classes).toBeNull();
  });

  it("shuffles by the seed, keeps the share for testing apart, and standardises by the rest", async () => {
    const text = Array.from({ length: 50 }, (_, index) => `${3 * index + 10},7,${2 * index}.5`).join("\n");
    const set = await data.csv(file(text), { testFraction: 0.2 });
    expect([set.train.count, set.test!.count]).toEqual([40, 10]);
    const column = (axis: number): number[] => Array.from({ length: 40 }, (_, row) => set.train.x[2 * row + axis]!);
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(column(0))).toBeCloseTo(0, 6);
    expect(mean(column(0).map((value) => value ** 2))).toBeCloseTo(1, 5);
    expect(column(1)).toEqual(Array(40).fill(0));
    // The answer is a line of the first feature, so both are alike now, in the test set too.
    for (const { x, y, count } of [set.train, set.test!]) for (let row = 0; row < count; row++) expect(y[row]).toBeCloseTo(x[2 * row]!, 5);
    expect([...(await data.csv(file(text))).train.x]).toEqual([...set.train.x]);
    expect([...(await data.csv(file(text), { seed: 1 })).train.x]).not.toEqual([...set.train.x]);
  });

  it("unzips, and skips a byte order mark", async () => {
    const set = await data.csv(new File([gzipSync("\ufeffa,b\n1,x\n2,y\n")], "a.csv.gz"), { testFraction: 0 });
    expect(set.columns).toEqual(["a", "b"]);
  });

  it.each([
    ["", "is empty; a table has a sample a line"],
    ["a,b\n", "has a line of names and no samples"],
    ["1\n2\n", "line 1 has one column"],
    ["1,2,0\n3,1\n", "line 2 has 2 columns, and line 1 has 3"],
    ["a,b,c\n1,2,0\n1,two,1\n", 'line 3, column 2 (b): "two" is no number; every column but the last holds numbers'],
    ["1,0\n,1\n", "line 2, column 1: is empty; fill it in"],
    ["1;0\n1,5;1\n", 'line 2, column 1: "1,5" has a decimal comma; write a point'],
    ["1,0\n1e300,1\n", 'line 2, column 1: "1e300" is no float32: it is too large'],
    ["1,a\n2,\n", "line 2: the last column is empty"],
    ["1,a\n2,a\n", 'the last column is "a" in every line'],
    ['1,"a\nb"\n2,"c\n', "line 3: a quote is opened and never closed"],
    ['1,a\n2,"c"d\n', "line 2: a cell goes on after its closing quote"],
    ['x,"two\nlines",c\n1,2,0\n1,b,1\n', 'line 4, column 2 (two\nlines): "b" is no number'],
  ])("refuses %j", async (text, why) => {
    expect(await failure(text)).toContain(`csv "a.csv": ${why}`);
  });

  it("refuses what is too large, no text, or of too many classes", async () => {
    expect(await failure("1,2\n3,4\n", { maxBytes: 7 })).toContain("has more than 7 bytes");
    expect(await failure(Array.from({ length: 1001 }, (_, index) => `0,c${index}`).join("\n"))).toContain("1001 different classes");
    expect(await failure("1,0.5\n2,1\n", { target: "numbers" }).catch(String)).toContain("expected a FathomError");
    const bytes = data.csv(new File([Uint8Array.of(0x31, 0x2c, 0xff, 0xfe)], "a.csv"));
    await expect(bytes).rejects.toThrow("is no text in UTF-8, near byte 0");
  });
});

describe("records", () => {
  it("come back as they were written", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", ";", "\t", "\n", "1", " ") });
    const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1 }),
        fc.constantFrom(",", ";", "\t"),
        (rows, separator) => {
          const text = rows.map((cells) => cells.map(quote).join(separator)).join("\n");
          expect([...csvRecords("csv", text, separator as ",")].map(({ cells }) => cells)).toEqual(rows);
        },
      ),
    );
    expect(separatorOf('"a,b,c";2\n1,2')).toBe(";");
  });
});

it("is a data set of an experiment file", async () => {
  const experiment = parseExperiment({
    format: "fathom-experiment/1",
    seed: 1,
    dataset: { type: "csv", file: "t.csv", target: "numbers" },
    batchSize: 2,
    steps: 1,
    model: [{ type: "linear", units: 1 }],
    loss: "meanSquaredError",
    optimizer: "sgd",
    schedule: { type: "constant", initial: 0.1 },
  });
  const { dataset } = await prepareExperiment(experiment, async () => new TextEncoder().encode("1,2,3\n4,5,6\n7,8,8\n"));
  expect(dataset).toMatchObject({ name: "t.csv", sampleShape: [2], classes: null });
  await expect(prepareExperiment(experiment, async () => new TextEncoder().encode("1,b,3\n"))).rejects.toThrow('csv "t.csv"');
});
