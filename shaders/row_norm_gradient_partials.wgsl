// What row_norm_gradient needs of long batches: of each block of BLOCK rows and each column of F the sums Σ dy · x̂ and Σ dy,
// with x̂ the normalised x. A workgroup owns COLUMN_LANES columns of a block.

${ALIASES}

@group(0) @binding(0) var<storage, read> dy: array<F>;
@group(0) @binding(1) var<storage, read> x: array<F>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<F>; // for each block: Σ dy · x̂, Σ dy

override LINES: u32;
override COLUMNS: u32;
override GROUPS: u32;
override ROWS: u32;
override BLOCK: u32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_index(group_id);
  let row_columns = COLUMNS * GROUPS;
  let column_groups = (row_columns + COLUMN_LANES - 1u) / COLUMN_LANES;
  let column = group % column_groups * COLUMN_LANES + lane % COLUMN_LANES;
  let block = group / column_groups;
  let row_lane = lane / COLUMN_LANES;
  let live = column < row_columns && block * BLOCK < ROWS;
  var sums = Sums(F(0.0), F(0.0), F(0.0));
  if (live) {
    for (var row = block * BLOCK + row_lane; row < min((block + 1u) * BLOCK, ROWS); row += ROW_LANES) {
      let index = row * row_columns + column;
      let line = row * GROUPS + column / COLUMNS;
#if ${CENTERED}
      let normalized = ((x[index] - F(statistics[LINES + line])) - F(statistics[2u * LINES + line])) * F(statistics[line]);
#else
      let normalized = x[index] * F(statistics[line]);
#endif
      sums.a += dy[index] * normalized;
      sums.b += dy[index];
    }
  }
  sums = sum_rows(sums, lane);
  if (live && row_lane == 0u) {
    partials[2u * block * row_columns + column] = sums.a;
    partials[(2u * block + 1u) * row_columns + column] = sums.b;
  }
}
