/** Rows of numbers that come for as long as a run goes on, in bounded room: when it is full, every second row is let go of. Pure. */

/** Of 4 bytes each: ten thousand steps of 200 layers, a quarter of a million of three. */
const MOST_NUMBERS = 1 << 21;
const LEAST_ROWS = 64;

const MOST_LOOKS = 2000;

/** A list that is not longer than there is room for: every second of its elements where it is, the last among them. */
export const thinned = <T>(list: readonly T[], most = MOST_LOOKS): readonly T[] =>
  list.length <= most
    ? list
    : thinned(
        list.filter((_, index) => (list.length - 1 - index) % 2 === 0),
        most,
      );

export class RowStore {
  readonly rowLength: number;
  /** Rows that are held: evenly some of those that were given, the first and the last among them. */
  count = 0;
  private readonly most: number;
  private numbers = new Float32Array(0);
  /** Each so many-th row is kept; the last is held until the next comes. */
  private stride = 1;
  private given = 0;

  constructor(rowLength: number, mostNumbers = MOST_NUMBERS) {
    this.rowLength = rowLength;
    this.most = Math.max(2, Math.floor(mostNumbers / rowLength));
  }

  /** Row after row. */
  add(rows: Float32Array): void {
    for (let start = 0; start < rows.length; start += this.rowLength) this.addRow(rows.subarray(start, start + this.rowLength));
  }

  private addRow(row: Float32Array): void {
    const replaces = this.given > 0 && (this.given - 1) % this.stride !== 0;
    if (!replaces && this.count === this.most) this.thin();
    const at = replaces ? this.count - 1 : this.count;
    this.makeRoom(at + 1);
    this.numbers.set(row, at * this.rowLength);
    this.count = at + 1;
    this.given++;
  }

  private thin(): void {
    const { numbers, rowLength } = this;
    this.count = Math.ceil(this.count / 2);
    for (let row = 1; row < this.count; row++) numbers.copyWithin(row * rowLength, 2 * row * rowLength, (2 * row + 1) * rowLength);
    this.stride *= 2;
  }

  private makeRoom(rows: number): void {
    const { numbers, rowLength } = this;
    if (rows * rowLength <= numbers.length) return;
    const larger = Math.min(this.most, Math.max(2 * (numbers.length / rowLength), LEAST_ROWS));
    this.numbers = new Float32Array(larger * rowLength);
    this.numbers.set(numbers);
  }

  row(index: number): Float32Array {
    return this.numbers.subarray(index * this.rowLength, (index + 1) * this.rowLength);
  }

  /** All that are held. */
  get rows(): Float32Array {
    return this.numbers.subarray(0, this.count * this.rowLength);
  }
}
