// Sums over the rows of a matrix of COLUMNS columns (of F: one channel, or four). A workgroup of SIZE invocations owns
// COLUMN_LANES neighbouring columns; SIZE / COLUMN_LANES invocations share a column's rows. Sums run by a fixed tree.

const SIZE = ${SIZE}u;
const COLUMN_LANES = ${COLUMN_LANES}u;
const ROW_LANES = SIZE / COLUMN_LANES;

struct Sums {
  a: F,
  b: F,
  c: F,
}

var<workgroup> column_sums: array<Sums, SIZE>;

// For each column the sum over the invocations that share it; all invocations must call it.
fn sum_rows(value: Sums, lane: u32) -> Sums {
  // A constant, so that no barrier is left: with one, software adapters suspend and resume the workgroup.
  if (ROW_LANES == 1u) {
    return value;
  }
  column_sums[lane] = value;
  workgroupBarrier();
  for (var half = SIZE / 2u; half >= COLUMN_LANES; half /= 2u) {
    if (lane < half) {
      let mine = column_sums[lane];
      let other = column_sums[lane + half];
      column_sums[lane] = Sums(mine.a + other.a, mine.b + other.b, mine.c + other.c);
    }
    workgroupBarrier();
  }
  let sums = column_sums[lane % COLUMN_LANES];
  workgroupBarrier();
  return sums;
}
