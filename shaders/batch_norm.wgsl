// Batch normalisation of x [ROWS, channels], and the statistics it used:
//   y = (x − mean) / √(variance + EPSILON) · gamma + beta,  statistics = [means, biased variances].
// A workgroup owns COLUMN_LANES columns of F and, where the batch is long (SPLIT), a block of BLOCK rows.
//
// Variance as the mean of squares less the square of the mean would lose all digits of a mean that is large beside the
// spread. So the sums are of x − pivot, the pivot being the mean of every eighth row: the first sum of those then corrects
// the mean, and of variance = (Σ(x − pivot)² − (Σ(x − pivot))² / ROWS) / ROWS no more than three bits cancel, because a mean of
// an eighth of all rows is at most √7 standard deviations away.
// With SPLIT the pivot is the column's first element, the same for all blocks, and batch_norm_partials has left each
// block's mean − pivot and Σ(x − the block's mean)².

${EPILOGUE}

@group(0) @binding(0) var<storage, read> x: array<F>;
@group(0) @binding(1) var<storage, read_write> statistics: array<F>;
#if ${AFFINE}
@group(0) @binding(2) var<storage, read> gamma: array<F>;
@group(0) @binding(3) var<storage, read> beta: array<F>;
#endif
#if ${SPLIT}
@group(0) @binding(${PARTIALS_BINDING}) var<storage, read> partials: array<F>; // for each block: means − pivots, sums of squares
#endif

override ROWS: u32;
override COLUMNS: u32;
override BLOCK: u32; // rows of a block; all of them without SPLIT
override EPSILON: f32;
const WIDTH = ${WIDTH}u;
const PIVOT_STEP = 8u;

// Each column's [pivot, mean − pivot, variance].
fn statistics_of(column: u32, row_lane: u32, lane: u32, live: bool) -> Sums {
  let scale = F(1.0 / f32(ROWS));
  var sums = Sums(F(0.0), F(0.0), F(0.0));
#if ${SPLIT}
  let blocks = (ROWS + BLOCK - 1u) / BLOCK;
  if (live) {
    for (var block = row_lane; block < blocks; block += ROW_LANES) {
      sums.a += partials[2u * block * COLUMNS + column] * F(f32(min(BLOCK, ROWS - block * BLOCK)));
    }
  }
  sums = sum_rows(sums, lane);
  let shift = sums.a * scale;
  sums = Sums(F(0.0), F(0.0), F(0.0));
  if (live) {
    for (var block = row_lane; block < blocks; block += ROW_LANES) {
      let d = partials[2u * block * COLUMNS + column] - shift;
      sums.b += partials[(2u * block + 1u) * COLUMNS + column] + d * d * F(f32(min(BLOCK, ROWS - block * BLOCK)));
    }
  }
  sums = sum_rows(sums, lane);
  return Sums(x[min(column, COLUMNS - 1u)], shift, sums.b * scale);
#else
  if (live) {
    for (var row = row_lane * PIVOT_STEP; row < ROWS; row += ROW_LANES * PIVOT_STEP) {
      sums.a += x[row * COLUMNS + column];
    }
  }
  sums = sum_rows(sums, lane);
  let pivot = sums.a * F(1.0 / f32((ROWS + PIVOT_STEP - 1u) / PIVOT_STEP));
  sums = Sums(F(0.0), F(0.0), F(0.0));
  if (live) {
    for (var row = row_lane; row < ROWS; row += ROW_LANES) {
      let d = x[row * COLUMNS + column] - pivot;
      sums.a += d;
      sums.b += d * d;
    }
  }
  sums = sum_rows(sums, lane);
  let shift = sums.a * scale;
  return Sums(pivot, shift, max((sums.b - sums.a * shift) * scale, F(0.0)));
#endif
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_index(group_id);
  let column_groups = (COLUMNS + COLUMN_LANES - 1u) / COLUMN_LANES;
  let column = group % column_groups * COLUMN_LANES + lane % COLUMN_LANES;
  let begin = group / column_groups * BLOCK;
  let row_lane = lane / COLUMN_LANES;
  let live = column < COLUMNS;
  let found = statistics_of(column, row_lane, lane, live);
  if (!live) {
    return;
  }
  if (begin == 0u && row_lane == 0u) {
    statistics[column] = found.a + found.b;
    statistics[COLUMNS + column] = found.c;
  }
  var factor = inverseSqrt(found.c + F(EPSILON));
  var addend = F(0.0);
#if ${AFFINE}
  factor *= gamma[column];
  addend = beta[column];
#endif
  for (var row = begin + row_lane; row < min(begin + BLOCK, ROWS); row += ROW_LANES) {
    let index = row * COLUMNS + column;
    epilogue(index * WIDTH, ((x[index] - found.a) - found.b) * factor + addend);
  }
}
