/** Tables in CSV: a sample a line, numbers in every column but the last, which is the class or the number to be learnt. */
import type { Dataset } from "./dataset.ts";
import type { Source } from "./source.ts";

export interface CsvOptions {
  /** Default "csv". */
  readonly name?: string;
  /** What the last column holds. "auto" (default): classes where it has a text, or at most 20 different whole numbers; else numbers. */
  readonly target?: "auto" | "classes" | "numbers";
  /** Whether the first line names the columns; left out: it does where any cell but its last is no number. */
  readonly header?: boolean;
  /** Whether each feature, and a number that is to be learnt, is brought to mean 0 and variance 1 over the training samples; default true. */
  readonly standardize?: boolean;
  /** Share of the lines that are for testing; default 0.2, and 0 for no test set. */
  readonly testFraction?: number;
  /** Of the shuffle that chooses those lines: tables are often sorted by class; default 0. */
  readonly seed?: number;
  /** Refuses files that hold more than this, decompressed; default 64 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface CsvDataset extends Dataset {
  /** Names of the columns, or "column 1" and so on. */
  readonly columns: readonly string[];
  /** In order of their numbers: whole numbers by size, texts as they first come; null where numbers are to be learnt. */
  readonly classNames: readonly string[] | null;
}

/** Reads a table; a wrong one is refused with the line and the column. Separators are commas, semicolons or tabs; the decimal sign is a point. */
export async function csv(source: Source, options: CsvOptions = {}): Promise<CsvDataset> {
  const { readTable } = await import("./csvTable.ts");
  return readTable(source, options);
}
