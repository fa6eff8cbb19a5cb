// The first half of batch_norm_gradient for long batches: of each block of BLOCK rows and each column of F the sums
// Σ d, Σ dy and Σ dy · d, with d = x − mean.

${ALIASES}

@group(0) @binding(0) var<storage, read> dy: array<F>;
@group(0) @binding(1) var<storage, read> x: array<F>;
@group(0) @binding(2) var<storage, read> statistics: array<F>;
@group(0) @binding(3) var<storage, read_write> partials: array<F>; // for each block: Σ d, Σ dy, Σ dy · d

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
  var sums = Sums(F(0.0), F(0.0), F(0.0));
  if (live) {
    let mean = statistics[column];
    for (var row = begin + row_lane; row < min(begin + BLOCK, ROWS); row += ROW_LANES) {
      let d = x[row * COLUMNS + column] - mean;
      let gradient = dy[row * COLUMNS + column];
      sums.a += d;
      sums.b += gradient;
      sums.c += gradient * d;
    }
  }
  sums = sum_rows(sums, lane);
  if (live && row_lane == 0u) {
    partials[3u * block * COLUMNS + column] = sums.a;
    partials[(3u * block + 1u) * COLUMNS + column] = sums.b;
    partials[(3u * block + 2u) * COLUMNS + column] = sums.c;
  }
}
