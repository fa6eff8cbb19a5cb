// The first half of batch_norm for long batches: of each block of BLOCK rows and each column of F the mean, less the
// column's first element (a mean itself would lose what is small beside it), and the sum of squared distances from it.

${ALIASES}

@group(0) @binding(0) var<storage, read> x: array<F>;
@group(0) @binding(1) var<storage, read_write> partials: array<F>; // for each block: means − first elements, sums of squares

override ROWS: u32;
override COLUMNS: u32;
override BLOCK: u32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_index(group_id);
  let column_groups = (COLUMNS + COLUMN_LANES - 1u) / COLUMN_LANES;
  let column = group % column_groups * COLUMN_LANES + lane % COLUMN_LANES;
  let block = group / column_groups;
  let begin = block * BLOCK;
  let row_lane = lane / COLUMN_LANES;
  let live = column < COLUMNS && begin < ROWS;
  let end = min(begin + BLOCK, ROWS);
  var sums = Sums(F(0.0), F(0.0), F(0.0));
  var pivot = F(0.0);
  if (live) {
    pivot = x[column];
    for (var row = begin + row_lane; row < end; row += ROW_LANES) {
      sums.a += x[row * COLUMNS + column] - pivot;
    }
  }
  sums = sum_rows(sums, lane);
  let scale = F(1.0 / f32(max(end, begin + 1u) - begin));
  let rough = sums.a * scale;
  sums = Sums(F(0.0), F(0.0), F(0.0));
  if (live) {
    for (var row = begin + row_lane; row < end; row += ROW_LANES) {
      let d = (x[row * COLUMNS + column] - pivot) - rough;
      sums.a += d;
      sums.b += d * d;
    }
  }
  sums = sum_rows(sums, lane);
  if (live && row_lane == 0u) {
    let shift = sums.a * scale;
    partials[2u * block * COLUMNS + column] = rough + shift;
    partials[(2u * block + 1u) * COLUMNS + column] = max(sums.b - sums.a * shift, F(0.0));
  }
}
