// Rows of the parameter arena: what feeds one output of a matrix, or a whole vector. A workgroup owns one record of the row
// table, some rows of one parameter tensor, of which LANES neighbouring invocations share one at a time.
//
// Rows begin at any element, so elements are taken one by one. `lane` is the invocation's place in its row.

override TILES: u32;

const SIZE = ${SIZE}u; // invocations of the workgroup
const BLOCK = 16u; // elements that an invocation adds up before it adds them to its sum

var<workgroup> row_bits: array<u32, SIZE>;
var<workgroup> row_sums: array<f32, SIZE>;

struct Tile {
  offset: u32,
  rows: u32,
  length: u32, // of a row
  lanes: u32, // a power of two, at most SIZE
  chunk: u32, // the parameter's first: role and group are there
}

fn tile_at(tile: u32) -> Tile {
  let at = tile * 5u;
  let lanes = min(rows_table[at + 3u], SIZE);
  return Tile(rows_table[at], rows_table[at + 1u], rows_table[at + 2u], lanes, rows_table[at + 4u]);
}

// The largest of each row, for its invocations; all must call it.
fn highest_in_row(bits: u32, index: u32, lanes: u32) -> u32 {
  row_bits[index] = bits;
  workgroupBarrier();
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if (index % lanes < half) {
      row_bits[index] = max(row_bits[index], row_bits[index + half]);
    }
    workgroupBarrier();
  }
  let highest = row_bits[index / lanes * lanes];
  workgroupBarrier();
  return highest;
}

fn sum_in_row(value: f32, index: u32, lanes: u32) -> f32 {
  row_sums[index] = value;
  workgroupBarrier();
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if (index % lanes < half) {
      row_sums[index] += row_sums[index + half];
    }
    workgroupBarrier();
  }
  let sum = row_sums[index / lanes * lanes];
  workgroupBarrier();
  return sum;
}

// The norm of a row, and 1 where an infinity is in it, 2 where a NaN is.
struct RowNorm {
  norm: Norm,
  bad: u32,
}

// Of the values that value_at(source, …) gives from `begin` to `end`; all must call it.
fn row_norm(source: u32, begin: u32, end: u32, index: u32, lanes: u32) -> RowNorm {
  let first = begin + index % lanes;
  var highest = 0u;
  for (var at = first; at < end; at += lanes) {
    highest = max(highest, bitcast<u32>(value_at(source, at)) & 0x7fffffffu);
  }
  highest = highest_in_row(highest, index, lanes);
  let exponent = exponent_of(highest);
  let scale = power_of_two(-exponent);
  var sum = 0.0;
  for (var block = first; block < end; block += lanes * BLOCK) {
    var part = 0.0;
    for (var at = block; at < min(block + lanes * BLOCK, end); at += lanes) {
      let scaled = value_at(source, at) * scale;
      part += scaled * scaled;
    }
    sum += part;
  }
  sum = sum_in_row(sum, index, lanes);
  let bad = select(select(0u, 1u, highest == 0x7f800000u), 2u, highest > 0x7f800000u);
  return RowNorm(Norm(select(sqrt(sum), 0.0, sum == 0.0), exponent), bad);
}

// The exponent may be beyond what one power of two can be.
fn scaled_by(value: f32, scale: Scale) -> f32 {
  let half = scale.exponent / 2;
  return scale.factor * (power_of_two(scale.exponent - half) * (power_of_two(half) * value));
}
