// What insight tells of activations, block by block: one workgroup takes at most 256 rows of 64 units of one layer's output.
// Outputs lie in two buffers, whose use alternates along the net.
//
// Mean and spread are found in two passes, on numbers divided by the power of two 2^e of the largest magnitude, so that they keep
// their digits where the mean is far larger than the spread, and neither overflow nor vanish. What is not finite is left out, and
// its kinds are noted: 1 for infinity | 2 for −infinity | 4 for a NaN.
// partials: [e (i32), mean · 2^-e (f32), Σ (y − mean)² · 4^-e (f32), how many are saturated, bits of the 64 units that give
// anything but 0 (two words), kinds, how many are finite] for each block.

@group(0) @binding(0) var<storage, read> even: array<f32>;
@group(0) @binding(1) var<storage, read> odd: array<f32>;
// Eight words a block: which buffer, where its first element is, elements from row to row, rows, units, and when an output is
// saturated: from (f32) down, from (f32) up; the last word says to count what is 0 instead.
@group(0) @binding(2) var<storage, read> blocks: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<u32>;

override BLOCKS: u32;

// Elements that an invocation adds up before it adds them to its sum.
const BLOCK = 32u;

var<workgroup> highest_bits: atomic<u32>;
var<workgroup> saturated_count: atomic<u32>;
var<workgroup> finite_count: atomic<u32>;
var<workgroup> live_low: atomic<u32>;
var<workgroup> live_high: atomic<u32>;
var<workgroup> bad_kinds: atomic<u32>;

struct Block {
  is_odd: bool,
  offset: u32,
  stride: u32,
  units: u32,
}

fn value_at(block: Block, element: u32) -> f32 {
  let index = block.offset + element / block.units * block.stride + element % block.units;
  if (block.is_odd) {
    return odd[index];
  }
  return even[index];
}

fn is_finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group_id);
  if (index >= BLOCKS) {
    return;
  }
  let at = index * 8u;
  let block = Block(blocks[at] == 1u, blocks[at + 1u], blocks[at + 2u], blocks[at + 4u]);
  let count = blocks[at + 3u] * block.units;
  let low = bitcast<f32>(blocks[at + 5u]);
  let high = bitcast<f32>(blocks[at + 6u]);
  let counts_zeros = blocks[at + 7u] == 1u;

  var highest = 0u;
  var kinds = 0u;
  var saturated = 0u;
  var finite = 0u;
  var live = vec2u();
  for (var element = lane; element < count; element += SIZE) {
    let value = value_at(block, element);
    let bits = bitcast<u32>(value) & 0x7fffffffu;
    let unit = element % block.units;
    let bit = select(0u, 1u << (unit % 32u), bits != 0u);
    live |= select(vec2u(bit, 0u), vec2u(0u, bit), unit >= 32u);
    if (bits < 0x7f800000u) {
      highest = max(highest, bits);
      finite++;
      saturated += select(select(0u, 1u, value <= low || value >= high), select(0u, 1u, bits == 0u), counts_zeros);
    } else {
      let sign = select(1u, 2u, bitcast<u32>(value) >> 31u == 1u);
      kinds |= select(sign, 4u, bits > 0x7f800000u);
    }
  }
  atomicMax(&highest_bits, highest);
  atomicAdd(&saturated_count, saturated);
  atomicAdd(&finite_count, finite);
  atomicOr(&live_low, live.x);
  atomicOr(&live_high, live.y);
  atomicOr(&bad_kinds, kinds);
  workgroupBarrier();

  let exponent = exponent_of(atomicLoad(&highest_bits));
  let scale = power_of_two(-exponent);
  let known = f32(atomicLoad(&finite_count));
  var sum = 0.0;
  for (var first = lane; first < count; first += SIZE * BLOCK) {
    var part = 0.0;
    for (var element = first; element < min(first + SIZE * BLOCK, count); element += SIZE) {
      let value = value_at(block, element);
      part += select(0.0, value * scale, is_finite(value));
    }
    sum += part;
  }
  let mean = sum_lanes(sum, lane, SIZE) / max(known, 1.0);
  var squares = 0.0;
  for (var first = lane; first < count; first += SIZE * BLOCK) {
    var part = 0.0;
    for (var element = first; element < min(first + SIZE * BLOCK, count); element += SIZE) {
      let value = value_at(block, element);
      let off = select(0.0, value * scale - mean, is_finite(value));
      part += off * off;
    }
    squares += part;
  }
  squares = sum_lanes(squares, lane, SIZE);
  if (lane == 0u) {
    partials[at] = bitcast<u32>(exponent);
    partials[at + 1u] = bitcast<u32>(mean);
    partials[at + 2u] = bitcast<u32>(squares);
    partials[at + 3u] = atomicLoad(&saturated_count);
    partials[at + 4u] = atomicLoad(&live_low);
    partials[at + 5u] = atomicLoad(&live_high);
    partials[at + 6u] = atomicLoad(&bad_kinds);
    partials[at + 7u] = atomicLoad(&finite_count);
  }
}
