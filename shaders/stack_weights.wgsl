// The gradients of a stack's parameters, of all its rounds at once, into `gradient`, where they lie STRIDE elements apart:
//   of a weight Σ over rows of dz[row, n] · x[row, k], of a bias or a norm's scale or shift Σ over rows of a stored value.
// `stored` and `saved` are slots of [ROWS, COLUMNS] vec4f, STORED_SLOTS and KEPT_SLOTS to a round; features past WIDTH are 0.
//
// An invocation owns 8 columns and 8 rows of a matrix, or 16 rows with TALL, or four elements of a vector. The first MATRIX_GROUPS
// workgroups of a round take its matrices, the others its vectors. Where a matrix and a vector begin and what they are made of is
// generated: `matrix` and `vector`; strips of rows are in lib/strips.wgsl. With QUADS four neighbours own the same rows, and load
// one line of dz each.

#if ${QUADS}
enable subgroups;
#endif

override LAYERS: u32;
override ROWS: u32;
override STRIDE: u32;
const WIDTH = ${WIDTH}u;
const COLUMNS = (WIDTH + 3u) / 4u;
#if ${TALL}
const TILE_N = 4u; // in fours of elements
#else
const TILE_N = 2u;
#endif
const TILES_N = (COLUMNS + TILE_N - 1u) / TILE_N;
// Four neighbours must own the same rows.
#if ${QUADS}
const TILES_K = (COLUMNS + 7u) / 8u * 4u;
#else
const TILES_K = (COLUMNS + 1u) / 2u;
#endif
const TILES = TILES_N * TILES_K; // of a matrix
const STORED_SLOTS = ${STORED_SLOTS}u;
const KEPT_SLOTS = ${KEPT_SLOTS}u;
const MATRICES = ${MATRICES}u;
const VECTORS = ${VECTORS}u;
const SIZE = ${SIZE}u;
const MATRIX_GROUPS = (MATRICES * TILES + SIZE - 1u) / SIZE;
const VECTOR_GROUPS = (VECTORS * COLUMNS + SIZE - 1u) / SIZE;

@group(0) @binding(0) var<storage, read> stored: array<vec4f>;
@group(0) @binding(1) var<storage, read> saved: array<vec4f>;
#if ${VECTOR}
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4f>;
#else
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;
#endif

${TABLES}

var<private> pieces: array<vec4f, 8u * TILE_N>;

fn store(begin: u32, column: u32, value: vec4f) {
#if ${VECTOR}
  gradient[begin / 4u + column] = value;
#else
  for (var feature = 4u * column; feature < min(4u * column + 4u, WIDTH); feature++) {
    gradient[begin + feature] = value[feature % 4u];
  }
#endif
}

// Four rows of the batch from `row` on, at one column; rows past the last are 0.
fn stored_line(begin: u32, row: u32, column: u32) -> vec4f {
  return select(vec4f(0.0), stored[begin + min(row, ROWS - 1u) * COLUMNS + min(column, COLUMNS - 1u)], row < ROWS);
}

fn stored_block(begin: u32, row: u32, column: u32, lane: u32) -> mat4x4f {
#if ${QUADS}
  let line = stored_line(begin, row + lane % 4u, column);
  return transpose(lines_of_quad(line));
#else
  return transpose(mat4x4f(
    stored_line(begin, row, column),
    stored_line(begin, row + 1u, column),
    stored_line(begin, row + 2u, column),
    stored_line(begin, row + 3u, column),
  ));
#endif
}

fn saved_block(begin: u32, row: u32, column: u32) -> mat4x4f {
  let at = begin + min(column, COLUMNS - 1u);
  return mat4x4f(
    saved[at + row * COLUMNS],
    saved[at + min(row + 1u, ROWS - 1u) * COLUMNS],
    saved[at + min(row + 2u, ROWS - 1u) * COLUMNS],
    saved[at + min(row + 3u, ROWS - 1u) * COLUMNS],
  );
}

// Those past the end go on, and store nothing: with QUADS their neighbours need what they load.
fn own_matrix(layer: u32, unit: u32, lane: u32) {
  let made = matrix(min(unit / TILES, MATRICES - 1u));
  let n = unit % TILES / TILES_K * TILE_N;
  let k = unit % TILES_K * 2u;
  let from_dz = (layer * STORED_SLOTS + made.x) * ROWS * COLUMNS;
  let from_x = (layer * KEPT_SLOTS + made.y) * ROWS * COLUMNS;
  var part0 = Strip();
  var part1 = Strip();
#if ${TALL}
  var part2 = Strip();
  var part3 = Strip();
#endif
  for (var row = 0u; row < ROWS; row += 4u) {
    let left = saved_block(from_x, row, k);
    let right = saved_block(from_x, row, k + 1u);
    add_product(&part0, stored_block(from_dz, row, n, lane), left, right);
    add_product(&part1, stored_block(from_dz, row, n + 1u, lane), left, right);
#if ${TALL}
    add_product(&part2, stored_block(from_dz, row, n + 2u, lane), left, right);
    add_product(&part3, stored_block(from_dz, row, n + 3u, lane), left, right);
#endif
  }
  lay_out(0u, part0);
  lay_out(1u, part1);
#if ${TALL}
  lay_out(2u, part2);
  lay_out(3u, part3);
#endif
  for (var piece = 0u; piece < 8u * TILE_N; piece++) {
    let row = 4u * n + piece / 2u;
    let column = k + piece % 2u;
    if (unit < MATRICES * TILES && row < WIDTH && column < COLUMNS) {
      store(layer * STRIDE + made.z + row * WIDTH, column, pieces[piece]);
    }
  }
}

fn own_vector(layer: u32, unit: u32) {
  let made = vector(unit / COLUMNS);
  let column = unit % COLUMNS;
  var at = (layer * STORED_SLOTS + made.x) * ROWS * COLUMNS + column;
  var sum = vec4f(0.0);
  for (var row = 0u; row < ROWS; row++) {
    sum += stored[at];
    at += COLUMNS;
  }
  store(layer * STRIDE + made.y, column, sum);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group_id);
  let layer = index / (MATRIX_GROUPS + VECTOR_GROUPS);
  if (layer >= LAYERS) {
    return;
  }
  let group = index % (MATRIX_GROUPS + VECTOR_GROUPS);
  let unit = group * SIZE + lane;
  if (group < MATRIX_GROUPS) {
    own_matrix(layer, unit, lane);
    return;
  }
  let own = unit - MATRIX_GROUPS * SIZE;
  if (own < VECTORS * COLUMNS) {
    own_vector(layer, own);
  }
}
