// The gradients of a stack's parameters, of all its rounds at once, into `gradient`, where they lie STRIDE elements apart:
//   of a weight Σ over rows of dz[row, n] · x[row, k], of a bias or a norm's scale or shift Σ over rows of a stored value.
// `stored` and `saved` are slots of [ROWS, COLUMNS] vec4f, STORED_SLOTS and KEPT_SLOTS to a round; features past WIDTH are 0.
//
// An invocation owns 8 × 8 elements of a matrix, or four of a vector. The first MATRIX_GROUPS workgroups of a round take its
// matrices, the others its vectors. Where a matrix and a vector begin and what they are made of is generated: `matrix` and `vector`.

override LAYERS: u32;
override ROWS: u32;
override STRIDE: u32;
const WIDTH = ${WIDTH}u;
const COLUMNS = (WIDTH + 3u) / 4u;
const TILES = (COLUMNS + 1u) / 2u; // along a side of a matrix
const STORED_SLOTS = ${STORED_SLOTS}u;
const KEPT_SLOTS = ${KEPT_SLOTS}u;
const MATRICES = ${MATRICES}u;
const VECTORS = ${VECTORS}u;
const SIZE = ${SIZE}u;
const MATRIX_GROUPS = (MATRICES * TILES * TILES + SIZE - 1u) / SIZE;
const VECTOR_GROUPS = (VECTORS * COLUMNS + SIZE - 1u) / SIZE;

@group(0) @binding(0) var<storage, read> stored: array<vec4f>;
@group(0) @binding(1) var<storage, read> saved: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

${TABLES}

var<private> pieces: array<vec4f, 16>;

fn store(begin: u32, column: u32, value: vec4f) {
  for (var feature = 4u * column; feature < min(4u * column + 4u, WIDTH); feature++) {
    gradient[begin + feature] = value[feature % 4u];
  }
}

// Rows of the matrix are of u, columns of v; as mat4x4f's columns the rows.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

fn lay_out(first: u32, values: mat4x4f) {
  pieces[first] = values[0];
  pieces[first + 2u] = values[1];
  pieces[first + 4u] = values[2];
  pieces[first + 6u] = values[3];
}

fn own_matrix(layer: u32, unit: u32) {
  let made = matrix(unit / (TILES * TILES));
  let n = unit % (TILES * TILES) / TILES * 2u;
  let k = unit % TILES * 2u;
  // A column past the last is computed twice, and not stored.
  let n_next = min(n + 1u, COLUMNS - 1u) - n;
  let k_next = min(k + 1u, COLUMNS - 1u) - k;
  var at = (layer * STORED_SLOTS + made.x) * ROWS * COLUMNS + n;
  var from_x = (layer * KEPT_SLOTS + made.y) * ROWS * COLUMNS + k;
  var part00 = mat4x4f();
  var part01 = mat4x4f();
  var part10 = mat4x4f();
  var part11 = mat4x4f();
  for (var row = 0u; row < ROWS; row++) {
    let dz = stored[at];
    let dz_next = stored[at + n_next];
    let x = saved[from_x];
    let x_next = saved[from_x + k_next];
    part00 += outer(dz, x);
    part01 += outer(dz, x_next);
    part10 += outer(dz_next, x);
    part11 += outer(dz_next, x_next);
    at += COLUMNS;
    from_x += COLUMNS;
  }
  lay_out(0u, part00);
  lay_out(1u, part01);
  lay_out(8u, part10);
  lay_out(9u, part11);
  for (var piece = 0u; piece < 16u; piece++) {
    let row = 4u * n + piece / 2u;
    let column = k + piece % 2u;
    if (row < WIDTH && column < COLUMNS) {
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
    if (unit < MATRICES * TILES * TILES) {
      own_matrix(layer, unit);
    }
    return;
  }
  let own = unit - MATRIX_GROUPS * SIZE;
  if (own < VECTORS * COLUMNS) {
    own_vector(layer, own);
  }
}
