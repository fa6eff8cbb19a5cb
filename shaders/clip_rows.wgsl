// Adaptive gradient clipping (Brock et al., 2021), row by row: g · RATIO·max(‖w‖, EPSILON)/‖g‖ where ‖g‖ is above that, with REGULARIZER
// of g + L2·w + L1·sign(w) for weights. least: bits of the smallest factor in each record of the row table.

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> parameters: array<f32>;
@group(0) @binding(2) var<storage, read> rows_table: array<u32>;
@group(0) @binding(3) var<storage, read_write> clipped: array<f32>;
@group(0) @binding(4) var<storage, read_write> least: array<u32>;
#if ${REGULARIZER}
@group(0) @binding(5) var<storage, read> chunks: array<u32>;
@group(0) @binding(6) var<storage, read> step: array<u32>;
#endif

override RATIO: f32;
override EPSILON: f32;

const WEIGHTS = 0u;
const GRADIENTS = 1u;

var<workgroup> least_bits: atomic<u32>;
var<private> l2: f32;
var<private> l1: f32;

fn value_at(source: u32, at: u32) -> f32 {
  let w = parameters[at];
  if (source == WEIGHTS) {
    return w;
  }
#if ${REGULARIZER}
  return gradients[at] + (l2 * w + l1 * sign(w));
#else
  return gradients[at];
#endif
}

fn row_scale(w: RowNorm, g: RowNorm) -> Scale {
  if (max(w.bad, g.bad) > 1u) {
    return Scale(bitcast<f32>(0x7fc00000u | w.bad), 0); // NaN
  }
  if (w.bad != 0u || g.bad != 0u) {
    return Scale(select(0.0, 1.0, w.bad != 0u), 0);
  }
  var limit = w.norm;
  if (!is_longer(limit, EPSILON)) {
    let exponent = exponent_of(bitcast<u32>(EPSILON));
    limit = Norm(EPSILON * power_of_two(-exponent), exponent);
  }
  limit.root *= RATIO;
  let shift = limit.exponent - g.norm.exponent;
  if (g.norm.root <= limit.root * power_of_two(shift)) {
    return WHOLE;
  }
  let kept = clamp(shift, -100, 100);
  return Scale(limit.root / g.norm.root * power_of_two(kept), shift - kept);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) index: u32) {
  let number = workgroup_index(group_id);
  if (number >= TILES) {
    return;
  }
  let tile = tile_at(number);
#if ${REGULARIZER}
  let penalized = f32(chunks[tile.chunk * 8u + 3u] == 0u && chunks[tile.chunk * 8u + 6u] != 0u); // role weight, and not frozen
  l2 = bitcast<f32>(step[4]) * penalized;
  l1 = bitcast<f32>(step[5]) * penalized;
#endif
  if (index == 0u) {
    atomicStore(&least_bits, 0x3f800000u);
  }
  workgroupBarrier();
  for (var first = 0u; first < tile.rows; first += SIZE / tile.lanes) {
    let row = first + index / tile.lanes;
    let begin = tile.offset + min(row, tile.rows - 1u) * tile.length;
    let end = select(begin, begin + tile.length, row < tile.rows);
    let w = row_norm(WEIGHTS, begin, end, index, tile.lanes);
    let g = row_norm(GRADIENTS, begin, end, index, tile.lanes);
    let scale = row_scale(w, g);
    for (var at = begin + index % tile.lanes; at < end; at += tile.lanes) {
      clipped[at] = scaled_by(value_at(GRADIENTS, at), scale);
    }
    atomicMin(&least_bits, bitcast<u32>(scale.factor * power_of_two(scale.exponent)) & 0x7fffffffu);
  }
  workgroupBarrier();
  if (index == 0u) {
    least[number] = atomicLoad(&least_bits);
  }
}
