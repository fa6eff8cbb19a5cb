// Gradients of batch_norm, from dy and x [ROWS, channels] and the statistics that the forward pass left. With x̂ the
// normalised x, s = 1 / √(variance + EPSILON) and means over the rows:
//   dx = gamma · s · (dy − mean(dy) − x̂ · mean(dy · x̂)),  dgamma = Σ dy · x̂,  dbeta = Σ dy.
// A workgroup owns COLUMN_LANES columns of F and, where the batch is long (SPLIT), a block of BLOCK rows.
//
// d = x − mean, whose mean is not quite 0, because the mean was rounded: Σ d is summed too, and taken out.
// With SPLIT batch_norm_gradient_partials has left each block's three sums.

${EPILOGUE}

@group(0) @binding(0) var<storage, read> dy: array<F>;
@group(0) @binding(1) var<storage, read> x: array<F>;
@group(0) @binding(2) var<storage, read> statistics: array<F>;
#if ${AFFINE}
@group(0) @binding(3) var<storage, read> gamma: array<F>;
@group(0) @binding(4) var<storage, read_write> dgamma: array<F>;
@group(0) @binding(5) var<storage, read_write> dbeta: array<F>;
#endif
#if ${SPLIT}
@group(0) @binding(${PARTIALS_BINDING}) var<storage, read> partials: array<F>; // for each block: Σ d, Σ dy, Σ dy · d
#endif

override ROWS: u32;
override COLUMNS: u32;
override BLOCK: u32; // rows of a block; all of them without SPLIT
override EPSILON: f32;
const WIDTH = ${WIDTH}u;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_index(group_id);
  let column_groups = (COLUMNS + COLUMN_LANES - 1u) / COLUMN_LANES;
  let column = group % column_groups * COLUMN_LANES + lane % COLUMN_LANES;
  let begin = group / column_groups * BLOCK;
  let row_lane = lane / COLUMN_LANES;
  let live = column < COLUMNS;
  let scale = F(1.0 / f32(ROWS));
  var mean = F(0.0);
  var sums = Sums(F(0.0), F(0.0), F(0.0));
  if (live) {
    mean = statistics[column];
#if ${SPLIT}
    for (var block = row_lane; block < (ROWS + BLOCK - 1u) / BLOCK; block += ROW_LANES) {
      sums.a += partials[3u * block * COLUMNS + column];
      sums.b += partials[(3u * block + 1u) * COLUMNS + column];
      sums.c += partials[(3u * block + 2u) * COLUMNS + column];
    }
#else
    for (var row = row_lane; row < ROWS; row += ROW_LANES) {
      let d = x[row * COLUMNS + column] - mean;
      let gradient = dy[row * COLUMNS + column];
      sums.a += d;
      sums.b += gradient;
      sums.c += gradient * d;
    }
#endif
  }
  sums = sum_rows(sums, lane);
  if (!live) {
    return;
  }
  let s = inverseSqrt(statistics[COLUMNS + column] + F(EPSILON));
  let shift = sums.a * scale;
  let against = sums.c - shift * sums.b; // Σ dy · (x − mean)
  var factor = s;
#if ${AFFINE}
  factor *= gamma[column];
  if (begin == 0u && row_lane == 0u) {
    dgamma[column] = against * s;
    dbeta[column] = sums.b;
  }
#endif
  let mean_dy = sums.b * scale;
  let slope = against * scale * s * s;
  for (var row = begin + row_lane; row < min(begin + BLOCK, ROWS); row += ROW_LANES) {
    let index = row * COLUMNS + column;
    epilogue(index * WIDTH, factor * ((dy[index] - mean_dy) - ((x[index] - mean) - shift) * slope));
  }
}
