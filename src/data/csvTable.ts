/** Reads tables in CSV; a module of its own, fetched when the first is read. */
import { checkChoice, checkFlag, checkInteger, checkNumber, checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import type { CsvDataset, CsvOptions } from "./csv.ts";
import { type CsvRecord, csvRecords, separatorOf } from "./csvRecords.ts";
import { checkDataset, type Split } from "./dataset.ts";
import { readSource, type Source, sourceName } from "./source.ts";

const TARGETS = ["auto", "classes", "numbers"] as const;
const KEYS = ["name", "target", "header", "standardize", "testFraction", "seed", "maxBytes", "signal"];
/** More different whole numbers than that are numbers to be learnt. */
const MOST_GUESSED = 20;
const MOST_CLASSES = 1000;

const isNumber = (cell: string): boolean => cell !== "" && Number.isFinite(Number(cell));

/** See data.csv. */
export async function readTable(source: Source, options: CsvOptions): Promise<CsvDataset> {
  const what = "data.csv";
  checkOptions(what, options, KEYS);
  const target = checkChoice(what, "target", options.target ?? "auto", TARGETS);
  const standardize = checkFlag(what, "standardize", options.standardize ?? true);
  const testFraction = checkNumber(what, "testFraction", options.testFraction ?? 0.2, { least: 0, below: 1 });
  const random = new Random(options.seed ?? 0, "data");
  const name = sourceName("csv", source);
  const text = await textOf(name, source, checkInteger(what, "maxBytes", options.maxBytes ?? 2 ** 26, 1), options.signal);
  const { columns, rows } = tableOf(name, text, options.header === undefined ? null : checkFlag(what, "header", options.header));

  const order = Uint32Array.from(rows, (_, row) => row);
  random.shuffle(order);
  const trained = Math.max(1, rows.length - Math.round(rows.length * testFraction));
  const features = columns.length - 1;
  const x = new Float32Array(rows.length * features);
  for (const [at, row] of order.entries()) fillFeatures(name, rows[row]!, columns, x.subarray(at * features, (at + 1) * features));
  if (standardize) for (let axis = 0; axis < features; axis++) standardizeColumn(x, axis, features, trained);

  const answers = Array.from(order, (row) => rows[row]!);
  const classNames = classesOf(name, target, rows, columns);
  const y = classNames ? classNumbers(answers, classNames) : numbersOf(name, answers, columns);
  if (standardize && y instanceof Float32Array) standardizeColumn(y, 0, 1, trained);
  const part = (from: number, to: number): Split => ({
    count: to - from,
    x: x.slice(from * features, to * features),
    xScale: 1,
    y: y.slice(from, to),
    yShape: classNames ? [] : [1],
  });
  const dataset: CsvDataset = {
    name: options.name ?? "csv",
    sampleShape: [features],
    classes: classNames?.length ?? null,
    train: part(0, trained),
    test: trained < rows.length ? part(trained, rows.length) : null,
    columns,
    classNames,
  };
  checkDataset(what, dataset);
  return dataset;
}

async function textOf(name: string, source: Source, maxBytes: number, signal: AbortSignal | undefined): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let received = 0;
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch (cause) {
      throw new FathomError("file-format", `${name}: is no text in UTF-8, near byte ${received}; save the table as CSV in UTF-8`, {
        cause,
      });
    }
  };
  for await (const chunk of readSource(name, source, signal)) {
    text += decode(chunk);
    received += chunk.length;
    if (received > maxBytes)
      throw new FathomError("file-format", `${name}: has more than ${maxBytes} bytes; take fewer lines, or pass a larger { maxBytes }`);
  }
  return text + decode();
}

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly CsvRecord[];
}

function tableOf(name: string, text: string, header: boolean | null): Table {
  const rows = [...csvRecords(name, text, separatorOf(text))];
  const [first] = rows;
  if (!first) throw new FathomError("file-format", `${name}: is empty; a table has a sample a line`);
  const width = first.cells.length;
  if (width < 2)
    throw new FathomError(
      "file-format",
      `${name}: line ${first.line} has one column; a table has features and behind them what is to be learnt, with commas, semicolons or tabs between`,
    );
  const odd = rows.find(({ cells }) => cells.length !== width);
  if (odd)
    throw new FathomError(
      "file-format",
      `${name}: line ${odd.line} has ${odd.cells.length} columns, and line ${first.line} has ${width}; give every line as many`,
    );
  const named = header ?? !first.cells.slice(0, -1).every(isNumber);
  const rest = named ? rows.slice(1) : rows;
  if (rest.length === 0) throw new FathomError("file-format", `${name}: has a line of names and no samples; a sample is a line of its own`);
  return { columns: named ? first.cells : first.cells.map((_, index) => `column ${index + 1}`), rows: rest };
}

function numberIn(name: string, { line, cells }: CsvRecord, column: number, columns: readonly string[], remedy: string): number {
  const cell = cells[column]!;
  const value = Math.fround(Number(cell));
  if (isNumber(cell) && Number.isFinite(value)) return value;
  const where = `${name}: line ${line}, column ${column + 1}${columns[column] === `column ${column + 1}` ? "" : ` (${columns[column]})`}`;
  const shown = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 39)}…` : cell);
  throw new FathomError(
    "file-format",
    cell === ""
      ? `${where}: is empty; fill it in, or leave the line out`
      : /^-?\d+,\d+$/.test(cell)
        ? `${where}: ${shown} has a decimal comma; write a point`
        : `${where}: ${shown} is no ${isNumber(cell) ? "float32: it is too large" : "number"}; ${remedy}`,
  );
}

function fillFeatures(name: string, record: CsvRecord, columns: readonly string[], to: Float32Array): void {
  const remedy = "every column but the last holds numbers: turn words into columns of 0 and 1, or leave the column out";
  for (let column = 0; column < to.length; column++) to[column] = numberIn(name, record, column, columns, remedy);
}

const numbersOf = (name: string, records: readonly CsvRecord[], columns: readonly string[]): Float32Array =>
  Float32Array.from(records, (record) => numberIn(name, record, columns.length - 1, columns, "the last column holds numbers to be learnt"));

/** Names of the classes, or null where the last column holds numbers. */
function classesOf(
  name: string,
  target: NonNullable<CsvOptions["target"]>,
  rows: readonly CsvRecord[],
  columns: readonly string[],
): string[] | null {
  if (target === "numbers") return null;
  const last = columns.length - 1;
  const names = [...new Set(rows.map(({ cells }) => cells[last]!))];
  const whole = names.every((one) => isNumber(one) && Number.isInteger(Number(one)));
  if (target === "auto" && (whole ? names.length > MOST_GUESSED : names.every(isNumber))) return null;
  const blank = rows.find(({ cells }) => cells[last] === "");
  if (blank)
    throw new FathomError(
      "file-format",
      `${name}: line ${blank.line}: the last column is empty; it says the class: fill it in, or leave the line out`,
    );
  if (names.length < 2)
    throw new FathomError(
      "file-format",
      `${name}: the last column is ${JSON.stringify(names[0])} in every line; there is nothing to tell apart`,
    );
  if (names.length > MOST_CLASSES)
    throw new FathomError(
      "file-format",
      `${name}: the last column has ${names.length} different classes, over the limit of ${MOST_CLASSES}; put the class into the last column`,
    );
  return whole ? names.sort((a, b) => Number(a) - Number(b)) : names;
}

function classNumbers(records: readonly CsvRecord[], names: readonly string[]): Int32Array {
  const numbers = new Map(names.map((one, index) => [one, index]));
  return Int32Array.from(records, ({ cells }) => numbers.get(cells.at(-1)!)!);
}

/** To mean 0 and variance 1 over the first `trained` samples, in float64; a column that is always the same becomes 0. */
function standardizeColumn(values: Float32Array, axis: number, stride: number, trained: number): void {
  // From the first on, so that the mean of equal numbers is that number.
  let mean = values[axis]!;
  for (let row = 1; row < trained; row++) mean += (values[row * stride + axis]! - values[axis]!) / trained;
  let variance = 0;
  for (let row = 0; row < trained; row++) variance += (values[row * stride + axis]! - mean) ** 2 / trained;
  const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
  for (let at = axis; at < values.length; at += stride) values[at] = (values[at]! - mean) * scale;
}
