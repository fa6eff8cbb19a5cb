/** The same numbers in the layouts that libraries want. */

/** [rows, columns] as [columns, rows]. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: rows * columns }, (_, index) => values[(index % rows) * columns + Math.floor(index / rows)]!);
}

/** Labels as rows of a 1 among zeros. */
export function classRows(labels: Int32Array, classes: number): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) rows[row * classes + label] = 1;
  return rows;
}
