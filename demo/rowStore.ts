/** Rows of numbers that come in batches, in one array that doubles when it is full. */

/** The array, or a larger one with the same numbers, with `added` after the first `used` numbers. */
export function withAdded(
  rows: Float32Array<ArrayBuffer>,
  used: number,
  added: Float32Array,
  rowLength: number,
): Float32Array<ArrayBuffer> {
  let room = rows;
  if (used + added.length > rows.length) {
    room = new Float32Array(Math.max(2 * rows.length, used + added.length, 64 * rowLength));
    room.set(rows.subarray(0, used));
  }
  room.set(added, used);
  return room;
}
