// A stack of LAYERS equal rounds of row-wise layers over x [ROWS, WIDTH] in one dispatch, forward, or with BACKWARD the chain of
// input gradients from dy to dx. What a round does is generated: `walk`, and a `finish` for each of its phases (ops/stack/text.ts).
//
// A workgroup owns TILE_ROWS rows and walks all rounds with them: they lie in workgroup memory, as TILES tiles of COLUMNS vec4f a
// row, and only the weights are read from outside. Features past WIDTH are 0. Rows past the last are copies of it, and not stored.
//
// In a product an invocation owns 4 · STRIPS rows and PIECE_COLUMNS columns, at own_row and own_column; LANE_COLUMNS invocations
// share a row. With QUADS four neighbours own the same rows, and load one line each of a block of the tile.
//
// Forward keeps for the backward pass what it needs: `kept` holds slots of [ROWS, COLUMNS] vec4f, and, from LINES on, lines of norms.
// The backward pass leaves there the gradients of which those of the weights are made.

#if ${QUADS}
enable subgroups;
#endif

override LAYERS: u32;
override ROWS: u32;
override STRIDE: u32; // elements from one round's parameters to the next
override FIRST_USER: u32; // number of the first round's first use of randomness
override LINES: u32; // where the lines of norms begin, in vec4f: behind the last slot, which is the last round's y
const WIDTH = ${WIDTH}u;
const COLUMNS = (WIDTH + 3u) / 4u;
const TILE_ROWS = ${TILE_ROWS}u;
const TILE = TILE_ROWS * COLUMNS;
const STRIPS = ${STRIPS}u;
const LANE_COLUMNS = ${LANE_COLUMNS}u;
#if ${WIDE}
const PIECE_COLUMNS = 2u;
#else
const PIECE_COLUMNS = 1u;
#endif
const SPAN = LANE_COLUMNS * PIECE_COLUMNS;
const PIECES = 4u * STRIPS * PIECE_COLUMNS;
const SIZE = LANE_COLUMNS * (TILE_ROWS / (4u * STRIPS));

#if ${VECTOR}
alias E = vec4f;
#else
alias E = f32;
#endif
@group(0) @binding(0) var<storage, read> given: array<E>; // x, or dy
@group(0) @binding(1) var<storage, read> parameters: array<E>;
@group(0) @binding(2) var<storage, read_write> result: array<E>; // y, or dx
#if ${BACKWARD}
@group(0) @binding(3) var<storage, read> saved: array<vec4f>; // what the forward pass has kept
#endif
#if ${KEEPS}
@group(0) @binding(${KEPT_BINDING}) var<storage, read_write> kept: array<vec4f>;
#endif
#if ${WORDS}
@group(0) @binding(${WORDS_BINDING}) var<storage, read> words: array<u32>;
#endif
#if ${CHECKS}
@group(0) @binding(${FLAGS_BINDING}) var<storage, read_write> flags: array<atomic<u32>>;
#endif

var<workgroup> tiles: array<vec4f, ${TILES}u * TILE>;
var<private> pieces: array<vec4f, PIECES>;
var<private> layer: u32;
var<private> place: u32;
var<private> first_row: u32;
var<private> own_row: u32;
var<private> own_column: u32;

// A value with 0 for features past the last.
fn within(column: u32, value: vec4f) -> vec4f {
#if ${VECTOR}
  return value;
#else
  return select(vec4f(0.0), value, vec4u(4u * column) + vec4u(0u, 1u, 2u, 3u) < vec4u(WIDTH));
#endif
}

// Four parameters of the row of WIDTH that begins at `base`.
fn parameter_four(base: u32, column: u32) -> vec4f {
#if ${VECTOR}
  return parameters[base / 4u + column];
#else
  let at = base + 4u * column;
  return within(column, vec4f(parameters[at], parameters[at + 1u], parameters[at + 2u], parameters[at + 3u]));
#endif
}

// A row of a matrix past the last is 0.
fn weight_four(base: u32, row: u32, column: u32) -> vec4f {
#if ${VECTOR}
  return parameters[base / 4u + row * COLUMNS + column];
#else
  return select(vec4f(0.0), parameter_four(base + row * WIDTH, column), row < WIDTH);
#endif
}

fn given_four(row: u32, column: u32) -> vec4f {
#if ${VECTOR}
  return given[row * COLUMNS + column];
#else
  let at = row * WIDTH + 4u * column;
  return within(column, vec4f(given[at], given[at + 1u], given[at + 2u], given[at + 3u]));
#endif
}

fn store_four(row: u32, column: u32, value: vec4f) {
#if ${VECTOR}
  result[row * COLUMNS + column] = value;
#else
  for (var feature = 4u * column; feature < min(4u * column + 4u, WIDTH); feature++) {
    result[row * WIDTH + feature] = value[feature % 4u];
  }
#endif
}

#if ${KEEPS}
fn keep(slot: u32, row: u32, column: u32, value: vec4f) {
  if (first_row + row < ROWS) {
    kept[(slot * ROWS + first_row + row) * COLUMNS + column] = within(column, value);
  }
}
#endif

#if ${BACKWARD}
fn saved_at(slot: u32, row: u32, column: u32) -> vec4f {
  return saved[(slot * ROWS + min(first_row + row, ROWS - 1u)) * COLUMNS + column];
}
#endif

#if ${CHECKS}
// A value that is not finite raises the flag of its layer, before an activation can hide it.
fn check(index: u32, value: vec4f) {
  if (any((bitcast<vec4u>(value) & vec4u(0x7f800000u)) == vec4u(0x7f800000u))) {
    atomicOr(&flags[64u * (layer * ${CHECKED}u + index)], 1u);
  }
}
#endif

// Four rows of an invocation's share of a product. lib/strips.wgsl is always two pieces wide: a flag for one would be every product's.
struct Strip {
  left: mat4x4f,
#if ${WIDE}
  right: mat4x4f,
#endif
}

// Rows k .. k+3 of what the tile is multiplied by, at one column of four: of the weight's transpose, backward of the weight itself.
fn factor(base: u32, k: u32, column: u32) -> mat4x4f {
  let within_column = min(column, COLUMNS - 1u);
#if ${BACKWARD}
  return mat4x4f(
    weight_four(base, k, within_column),
    weight_four(base, k + 1u, within_column),
    weight_four(base, k + 2u, within_column),
    weight_four(base, k + 3u, within_column),
  );
#else
  let row = 4u * within_column;
  return transpose(mat4x4f(
    weight_four(base, row, k / 4u),
    weight_four(base, row + 1u, k / 4u),
    weight_four(base, row + 2u, k / 4u),
    weight_four(base, row + 3u, k / 4u),
  ));
#endif
}

// Rows row .. row+3 of a tile, as columns.
fn block(tile: u32, row: u32, column: u32) -> mat4x4f {
#if ${QUADS}
  let line = tiles[tile + (row + place % 4u) * COLUMNS + column];
  return mat4x4f(quadBroadcast(line, 0u), quadBroadcast(line, 1u), quadBroadcast(line, 2u), quadBroadcast(line, 3u));
#else
  let at = tile + row * COLUMNS + column;
  return mat4x4f(tiles[at], tiles[at + COLUMNS], tiles[at + 2u * COLUMNS], tiles[at + 3u * COLUMNS]);
#endif
}

fn add_product(strip: ptr<function, Strip>, own: mat4x4f, left: mat4x4f, right: mat4x4f) {
  (*strip).left += left * own;
#if ${WIDE}
  (*strip).right += right * own;
#endif
}

fn lay_out(strip: u32, values: Strip) {
  let first = strip * 4u * PIECE_COLUMNS;
  pieces[first] = values.left[0];
  pieces[first + PIECE_COLUMNS] = values.left[1];
  pieces[first + 2u * PIECE_COLUMNS] = values.left[2];
  pieces[first + 3u * PIECE_COLUMNS] = values.left[3];
#if ${WIDE}
  pieces[first + 1u] = values.right[0];
  pieces[first + 3u] = values.right[1];
  pieces[first + 5u] = values.right[2];
  pieces[first + 7u] = values.right[3];
#endif
}

// The invocation's share of a tile times the matrix at `base`, at `column`: into `pieces`, by rows.
fn multiply(tile: u32, base: u32, column: u32) {
  var part0 = Strip();
#if ${STRIPS_2}
  var part1 = Strip();
#endif
#if ${STRIPS_4}
  var part2 = Strip();
  var part3 = Strip();
#endif
  for (var four = 0u; four < COLUMNS; four++) {
    let left = factor(base, 4u * four, column);
#if ${WIDE}
    let right = factor(base, 4u * four, column + 1u);
#else
    let right = left;
#endif
    add_product(&part0, block(tile, own_row, four), left, right);
#if ${STRIPS_2}
    add_product(&part1, block(tile, own_row + 4u, four), left, right);
#endif
#if ${STRIPS_4}
    add_product(&part2, block(tile, own_row + 8u, four), left, right);
    add_product(&part3, block(tile, own_row + 12u, four), left, right);
#endif
  }
  lay_out(0u, part0);
#if ${STRIPS_2}
  lay_out(1u, part1);
#endif
#if ${STRIPS_4}
  lay_out(2u, part2);
  lay_out(3u, part3);
#endif
}

${BODY}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  place = lane;
  first_row = workgroup_index(group_id) * TILE_ROWS;
  own_row = lane / LANE_COLUMNS * (4u * STRIPS);
  own_column = lane % LANE_COLUMNS * PIECE_COLUMNS;
  for (var at = lane; at < TILE; at += SIZE) {
    let value = given_four(min(first_row + at / COLUMNS, ROWS - 1u), at % COLUMNS);
    tiles[at] = value;
#if ${BACKWARD}
#else
#if ${KEEPS}
    keep(0u, at / COLUMNS, at % COLUMNS, value);
#endif
#endif
  }
  workgroupBarrier();
  for (var round = 0u; round < LAYERS; round++) {
#if ${BACKWARD}
    layer = LAYERS - 1u - round;
#else
    layer = round;
#endif
    walk();
  }
  for (var at = lane; at < TILE; at += SIZE) {
    let row = first_row + at / COLUMNS;
    if (row < ROWS) {
      store_four(row, at % COLUMNS, tiles[tile_0 + at]);
    }
  }
}
