/** Recorded runs of the stories, packed: rows of reports as the upper halves of float32 numbers, in base64. Pure. */
import { COLUMNS, type Evaluated } from "./messages.ts";

export interface RecordedStage {
  readonly label: string;
  readonly steps: number;
  readonly classes: number;
  readonly parameters: number;
  readonly dispatches: number;
  readonly milliseconds: number;
  readonly weights: readonly string[];
  /** Steps of the rows. */
  readonly rowSteps: readonly number[];
  /** Row by row: the other columns, and the weights' norms. */
  readonly rows: string;
  readonly evaluations: readonly Evaluated[];
  readonly verdicts: readonly { readonly kind: string; readonly text: string; readonly step: number }[];
  /** The plane at the end; base64 of bytes. */
  readonly plane: string | null;
}

export interface RecordedStory {
  readonly story: string;
  readonly adapter: string;
  readonly date: string;
  readonly stages: readonly RecordedStage[];
}

const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** Two or three digits of each number are enough for a chart; powers of ten are kept whole. */
export function packRows(rows: readonly (readonly number[])[]): string {
  const halves = rows.flatMap((row) => {
    const bits = new Uint32Array(Float32Array.from(row.slice(1)).buffer);
    // To the nearest; an infinity and a NaN stay what they are.
    return Array.from(bits, (word) => ((word & 0x7f800000) === 0x7f800000 ? word : word + 0x8000) >>> 16);
  });
  const bytes = new Uint8Array(2 * halves.length);
  for (const [index, half] of halves.entries()) bytes.set([half & 0xff, half >>> 8], 2 * index);
  return toBase64(bytes);
}

export function unpackRows({ rows, rowSteps, weights }: Pick<RecordedStage, "rows" | "rowSteps" | "weights">): Float32Array[] {
  const bytes = fromBase64(rows);
  const width = COLUMNS.length - 1 + weights.length;
  return rowSteps.map((step, row) => {
    const words = Uint32Array.from({ length: width }, (_, column) => {
      const at = 2 * (row * width + column);
      return ((bytes[at + 1]! << 24) | (bytes[at]! << 16)) >>> 0;
    });
    return Float32Array.from([step, ...new Float32Array(words.buffer)]);
  });
}

export const packBytes = (bytes: readonly number[]): string => toBase64(Uint8Array.from(bytes));
