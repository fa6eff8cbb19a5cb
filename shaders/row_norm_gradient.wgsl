// Gradients of row_norm from dy [ROWS, features], x and the statistics that the forward pass left. With x̂ the normalised x,
// s its 1 / √(…), g = dy · gamma and means over the line:
//   dx = s · (g − mean(g) − x̂ · mean(g · x̂)), without CENTERED no mean(g),
//   dgamma = Σ dy · x̂ and dbeta = Σ dy over the rows; with LINE_SCALE dgamma = Σ dy · x̂ · GAMMA_FACTOR over the line.
// The first LINE_GROUPS workgroups own lines, LANES invocations each; the others COLUMN_LANES columns of F and all their rows,
// or with SPLIT the sums over blocks of BLOCK rows that row_norm_gradient_partials has left.

${EPILOGUE}

@group(0) @binding(0) var<storage, read> dy: array<F>;
@group(0) @binding(1) var<storage, read> x: array<F>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
#if ${FEATURE_SCALE}
@group(0) @binding(3) var<storage, read> gamma: array<F>;
@group(0) @binding(4) var<storage, read_write> dgamma: array<F>;
#endif
#if ${LINE_SCALE}
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read_write> dgamma: array<f32>;
override GAMMA_FACTOR: f32;
#endif
#if ${SHIFT}
@group(0) @binding(5) var<storage, read_write> dbeta: array<F>;
#endif
#if ${SPLIT}
@group(0) @binding(${PARTIALS_BINDING}) var<storage, read> partials: array<F>; // for each block: Σ dy · x̂, Σ dy
#endif

override LINES: u32;
override COLUMNS: u32;
override GROUPS: u32;
override ROWS: u32;
override BLOCK: u32;
override LINE_GROUPS: u32;

// What the forward pass left of a line, read once: a read costs software adapters more than the arithmetic.
struct Line {
  scale: f32,
#if ${CENTERED}
  pivot: f32,
  shift: f32,
#endif
}

fn line_of(line: u32) -> Line {
#if ${CENTERED}
  return Line(statistics[line], statistics[LINES + line], statistics[2u * LINES + line]);
#else
  return Line(statistics[line]);
#endif
}

fn normalized(found: Line, value: F) -> F {
#if ${CENTERED}
  return ((value - F(found.pivot)) - F(found.shift)) * F(found.scale);
#else
  return value * F(found.scale);
#endif
}

fn own_line(group: u32, lane: u32) {
  let line = group * (SIZE / LANES) + lane / LANES;
  let begin = lane % LANES;
  let live = line < LINES;
  let start = line * COLUMNS;
  let feature = line % GROUPS * COLUMNS;
  let share = 1.0 / (f32(COLUMNS) * f32(WIDTH));
  let own = line_of(min(line, LINES - 1u));
  var sum = F(0.0);
  var along = F(0.0);
  if (live) {
    for (var i = begin; i < COLUMNS; i += LANES) {
      var g = dy[start + i];
#if ${FEATURE_SCALE}
      g *= gamma[feature + i];
#endif
      sum += g;
      along += g * normalized(own, x[start + i]);
    }
  }
  let sums = combine_line(vec3f(total(sum), total(along), 0.0), lane);
  if (!live) {
    return;
  }
#if ${LINE_SCALE}
  let scale = own.scale * (gamma[line] * GAMMA_FACTOR);
  if (begin == 0u) {
    dgamma[line] = sums.y * GAMMA_FACTOR;
  }
#else
  let scale = own.scale;
#endif
#if ${CENTERED}
  let mean = sums.x * share;
#else
  let mean = 0.0;
#endif
  for (var i = begin; i < COLUMNS; i += LANES) {
    var g = dy[start + i];
#if ${FEATURE_SCALE}
    g *= gamma[feature + i];
#endif
    epilogue((start + i) * WIDTH, ((g - F(mean)) - normalized(own, x[start + i]) * F(sums.y * share)) * F(scale));
  }
}

#if ${FEATURE_SCALE}
fn own_columns(group: u32, lane: u32) {
  let row_columns = COLUMNS * GROUPS;
  let column = group * COLUMN_LANES + lane % COLUMN_LANES;
  let row_lane = lane / COLUMN_LANES;
  var sums = Sums(F(0.0), F(0.0), F(0.0));
  if (column < row_columns) {
#if ${SPLIT}
    for (var block = row_lane; block < (ROWS + BLOCK - 1u) / BLOCK; block += ROW_LANES) {
      sums.a += partials[2u * block * row_columns + column];
      sums.b += partials[(2u * block + 1u) * row_columns + column];
    }
#else
    for (var row = row_lane; row < ROWS; row += ROW_LANES) {
      let index = row * row_columns + column;
      let gradient = dy[index];
      sums.a += gradient * normalized(line_of(row * GROUPS + column / COLUMNS), x[index]);
      sums.b += gradient;
    }
#endif
  }
  sums = sum_rows(sums, lane);
  if (column < row_columns && row_lane == 0u) {
    dgamma[column] = sums.a;
#if ${SHIFT}
    dbeta[column] = sums.b;
#endif
  }
}
#endif

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_index(group_id);
#if ${FEATURE_SCALE}
  if (group >= LINE_GROUPS) {
    own_columns(group - LINE_GROUPS, lane);
    return;
  }
#endif
  own_line(group, lane);
}
