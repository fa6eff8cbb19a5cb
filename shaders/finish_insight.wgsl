// The end of insight into parameters: a workgroup joins the chunks of one segment and writes its part of the step's record:
// [largest |g| (f32), how many g are 0, ‖w‖ (f32), ‖Δw‖/‖w‖ (f32)], and with HISTOGRAM 64 counts behind them.
// The record begins with the number of the step and three words of 0. Non-finite numbers are told from the kinds that were found.

@group(0) @binding(0) var<storage, read> gradients: array<u32>; // of insight_gradients, 8 words a chunk
@group(0) @binding(1) var<storage, read> updates: array<u32>; // of insight_update, 4 words a chunk
@group(0) @binding(2) var<storage, read> segments: array<u32>; // first chunk, chunks
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> ring: array<u32>;
#if ${HISTOGRAM}
@group(0) @binding(5) var<storage, read> histograms: array<u32>; // 64 words a chunk
#endif

override SEGMENTS: u32;
override SLOTS: u32;

const SIZE = ${SIZE}u;
const WORDS = ${WORDS}u; // of a segment's part
const NAN = 0x7fc00000u;
const INFINITY = 0x7f800000u;

struct Scaled {
  exponent: i32,
  squares: f32,
  kinds: u32,
}

struct Part {
  highest: u32,
  zeros: u32,
  kinds: u32, // of gradients
  weight: Scaled,
  change: Scaled,
}

var<workgroup> parts: array<Part, SIZE>;

fn join_scaled(a: Scaled, b: Scaled) -> Scaled {
  let exponent = max(a.exponent, b.exponent);
  let squares = shrunk(a.squares, a.exponent - exponent) + shrunk(b.squares, b.exponent - exponent);
  return Scaled(exponent, squares, a.kinds | b.kinds);
}

fn join(a: Part, b: Part) -> Part {
  return Part(
    max(a.highest, b.highest), a.zeros + b.zeros, a.kinds | b.kinds, join_scaled(a.weight, b.weight), join_scaled(a.change, b.change));
}

fn root_of(squares: f32) -> f32 {
  return select(sqrt(squares), 0.0, squares == 0.0);
}

// The bits, unless there was a NaN or an infinity.
fn marked(bits: u32, kinds: u32) -> u32 {
  return select(select(bits, INFINITY, kinds != 0u), NAN, (kinds & 2u) != 0u);
}

fn norm_bits(sum: Scaled) -> u32 {
  return marked(bitcast<u32>(root_of(sum.squares) * power_of_two(sum.exponent)), sum.kinds);
}

// ‖Δw‖/‖w‖: where ‖w‖ is 0 it is infinite, or 0 where nothing moved.
fn ratio_bits(change: Scaled, weight: Scaled) -> u32 {
  let kinds = change.kinds | select(0u, 2u, weight.kinds != 0u);
  if (weight.squares == 0.0) {
    return marked(select(INFINITY, 0u, change.squares == 0.0), kinds);
  }
  let difference = change.exponent - weight.exponent;
  let half = difference / 2;
  let ratio = root_of(change.squares) / root_of(weight.squares) * power_of_two(half) * power_of_two(difference - half);
  return marked(bitcast<u32>(ratio), kinds);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let segment = workgroup_index(group_id);
  if (segment >= SEGMENTS) {
    return;
  }
  let begin = segments[2u * segment];
  let end = begin + segments[2u * segment + 1u];
  let nothing = Scaled(-126, 0.0, 0u);
  var part = Part(0u, 0u, 0u, nothing, nothing);
  for (var chunk = begin + lane; chunk < end; chunk += SIZE) {
    let g = chunk * 8u;
    let u = chunk * 4u;
    let weight = Scaled(bitcast<i32>(gradients[g + 3u]), bitcast<f32>(gradients[g + 4u]), gradients[g + 5u]);
    let change = Scaled(bitcast<i32>(updates[u]), bitcast<f32>(updates[u + 1u]), updates[u + 2u]);
    part = join(part, Part(gradients[g], gradients[g + 1u], gradients[g + 2u], weight, change));
  }
  parts[lane] = part;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[lane] = join(parts[lane], parts[lane + half]);
    }
    workgroupBarrier();
  }

  let record = step[0] % SLOTS * (4u + SEGMENTS * WORDS);
  let at = record + 4u + segment * WORDS;
  if (lane == 0u) {
    let all = parts[0];
    ring[at] = marked(all.highest, all.kinds);
    ring[at + 1u] = all.zeros;
    ring[at + 2u] = norm_bits(all.weight);
    ring[at + 3u] = ratio_bits(all.change, all.weight);
    if (segment == 0u) {
      ring[record] = step[0];
      for (var word = 1u; word < 4u; word++) {
        ring[record + word] = 0u;
      }
    }
  }
#if ${HISTOGRAM}
  for (var bin = lane; bin < 64u; bin += SIZE) {
    var count = 0u;
    for (var chunk = begin; chunk < end; chunk++) {
      count += histograms[chunk * 64u + bin];
    }
    ring[at + 4u + bin] = count;
  }
#endif
}
