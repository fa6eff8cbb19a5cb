/** The records of a CSV file (RFC 4180): cells in quotes may hold separators, line ends and doubled quotes. Each record knows its line. */
import { FathomError } from "../core/errors.ts";

export interface CsvRecord {
  /** Of its first character, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export const SEPARATORS = [",", ";", "\t"] as const;
export type Separator = (typeof SEPARATORS)[number];

/** The one that stands oftenest in the first line, quotes left out. */
export function separatorOf(text: string): Separator {
  const first = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, "");
  const count = (separator: string): number => first.split(separator).length;
  return SEPARATORS.reduce((best, one) => (count(one) > count(best) ? one : best));
}

/** Empty lines are left out. Throws a FathomError (file-format) for a quote that is not closed, or that ends within a cell. */
export function* csvRecords(name: string, text: string, separator: Separator): Generator<CsvRecord, void, undefined> {
  // A cell and what ends it: a separator, a line end, or the end of the file.
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\r\n][^${separator}\r\n]*)|)(${separator}|\r\n|\r|\n|$)`, "y");
  let line = 1;
  let cells: string[] = [];
  let began = line;
  while (cell.lastIndex < text.length) {
    const start = cell.lastIndex;
    const found = cell.exec(text);
    if (!found) {
      const closed = /"(?:[^"]|"")*"/y;
      closed.lastIndex = start;
      throw new FathomError(
        "file-format",
        closed.test(text)
          ? `${name}: line ${line}: a cell goes on after its closing quote; double a quote that belongs to the text ("")`
          : `${name}: line ${line}: a quote is opened and never closed; close it, or double it where it belongs to the text ("")`,
      );
    }
    const [, quoted, plain, end] = found;
    cells.push(quoted === undefined ? (plain ?? "").trim() : quoted.replaceAll('""', '"'));
    if (quoted !== undefined) line += quoted.split(/\r\n|\r|\n/).length - 1;
    if (end === separator && cell.lastIndex < text.length) continue;
    if (end === separator) cells.push("");
    if (cells.length > 1 || cells[0] !== "") yield { line: began, cells };
    cells = [];
    line++;
    began = line;
  }
}
