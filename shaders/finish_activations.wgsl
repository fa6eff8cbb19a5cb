// The end of insight into activations: a workgroup joins the blocks of one layer and writes its part of the step's record:
// [mean (f32), standard deviation (f32), how many outputs are saturated, how many units are dead].
// The record begins with the number of the step and three words of 0. Two blocks join by their means' distance (Chan et al., 1983).

@group(0) @binding(0) var<storage, read> partials: array<u32>; // of activation_statistics, 8 words a block
@group(0) @binding(1) var<storage, read> layers: array<u32>; // first block, blocks of rows, blocks of units, units
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> ring: array<u32>;

override LAYERS: u32;
override SLOTS: u32;

const SIZE = ${SIZE}u;

struct Part {
  exponent: i32,
  count: f32,
  mean: f32, // · 2^-exponent
  squares: f32, // · 4^-exponent
  saturated: u32,
  live: u32,
  kinds: u32,
}

var<workgroup> parts: array<Part, SIZE>;

fn join(a: Part, b: Part) -> Part {
  let exponent = max(a.exponent, b.exponent);
  let count = a.count + b.count;
  let off = b.mean * power_of_two(b.exponent - exponent) - a.mean * power_of_two(a.exponent - exponent);
  let share = b.count / max(count, 1.0);
  let mean = a.mean * power_of_two(a.exponent - exponent) + off * share;
  let squares = shrunk(a.squares, a.exponent - exponent) + shrunk(b.squares, b.exponent - exponent) + off * off * a.count * share;
  return Part(exponent, count, mean, squares, a.saturated + b.saturated, a.live + b.live, a.kinds | b.kinds);
}

fn marked_mean(bits: u32, kinds: u32) -> u32 {
  var marked = bits;
  if (kinds == 1u) {
    marked = 0x7f800000u;
  } else if (kinds == 2u) {
    marked = 0xff800000u;
  } else if (kinds != 0u) {
    marked = 0x7fc00000u;
  }
  return marked;
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let layer = workgroup_index(group_id);
  if (layer >= LAYERS) {
    return;
  }
  let first = layers[4u * layer];
  let row_blocks = layers[4u * layer + 1u];
  let unit_blocks = layers[4u * layer + 2u];
  let units = layers[4u * layer + 3u];
  var part = Part(-126, 0.0, 0.0, 0.0, 0u, 0u, 0u);
  for (var column = lane; column < unit_blocks; column += SIZE) {
    var live = vec2u();
    for (var row = 0u; row < row_blocks; row++) {
      let at = 8u * (first + column * row_blocks + row);
      live |= vec2u(partials[at + 4u], partials[at + 5u]);
      let exponent = bitcast<i32>(partials[at]);
      let mean = bitcast<f32>(partials[at + 1u]);
      let squares = bitcast<f32>(partials[at + 2u]);
      part = join(part, Part(exponent, f32(partials[at + 7u]), mean, squares, partials[at + 3u], 0u, partials[at + 6u]));
    }
    part.live += countOneBits(live.x) + countOneBits(live.y);
  }
  parts[lane] = part;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[lane] = join(parts[lane], parts[lane + half]);
    }
    workgroupBarrier();
  }

  if (lane == 0u) {
    let all = parts[0];
    let scale = power_of_two(all.exponent);
    let record = step[0] % SLOTS * (4u + LAYERS * 4u);
    let at = record + 4u + layer * 4u;
    let spread = select(sqrt(all.squares / max(all.count, 1.0)), 0.0, all.squares == 0.0) * scale;
    ring[at] = marked_mean(bitcast<u32>(all.mean * scale), all.kinds);
    ring[at + 1u] = select(bitcast<u32>(spread), 0x7fc00000u, all.kinds != 0u);
    ring[at + 2u] = all.saturated;
    ring[at + 3u] = units - all.live;
    if (layer == 0u) {
      ring[record] = step[0];
      for (var word = 1u; word < 4u; word++) {
        ring[record + word] = 0u;
      }
    }
  }
}
