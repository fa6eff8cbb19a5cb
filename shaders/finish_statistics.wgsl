// The end of a step's statistics, by one workgroup: every segment's gradient norm and the global one, the clip's scale,
// whether anything was not finite and what follows from it, the counters, and the step's record in the ring.
//
// A sum of squares is held as squares · 4^exponent, so that it neither overflows nor vanishes. LANES invocations share a
// segment. Everything is decided by invocation 0 after the last barrier.

@group(0) @binding(0) var<storage, read> partials: array<vec4u>; // exponent, squares, penalty, kinds of non-finite
@group(0) @binding(1) var<storage, read> segments: array<u32>; // first chunk, chunks
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read> loss: array<u32>; // bits
@group(0) @binding(4) var<storage, read_write> summary: array<u32>;
@group(0) @binding(5) var<storage, read_write> counters: array<u32>;
@group(0) @binding(6) var<storage, read_write> flags: array<u32>;
@group(0) @binding(7) var<storage, read_write> ring: array<u32>;

override SEGMENTS: u32;
override LAYERS: u32;
override SLOTS: u32;
override LANES: u32;
override CLIP: u32; // 1 to clip
override POLICY: u32; // 0 stop, 1 skip, 2 ignore

const SIZE = ${SIZE}u;
const NONE = 0xffffffffu;

struct Sum {
  exponent: i32,
  squares: f32,
  penalty: f32,
  bad: u32, // 1 an infinity, 2 a NaN
  segment: u32, // highest with something bad, plus 1
  layer: u32, // lowest that raised its flag
}

var<workgroup> sums: array<Sum, SIZE>;

fn join(a: Sum, b: Sum) -> Sum {
  let exponent = max(a.exponent, b.exponent);
  let squares = shrunk(a.squares, a.exponent - exponent) + shrunk(b.squares, b.exponent - exponent);
  return Sum(exponent, squares, a.penalty + b.penalty, a.bad | b.bad, max(a.segment, b.segment), min(a.layer, b.layer));
}

// The sum over `width` neighbouring invocations, a power of two; all must call it.
fn join_lanes(value: Sum, lane: u32, width: u32) -> Sum {
  var half = width / 2u;
  if (half == 0u) {
    return value;
  }
  sums[lane] = value;
  workgroupBarrier();
  for (; half > 0u; half /= 2u) {
    if (lane % width < half) {
      sums[lane] = join(sums[lane], sums[lane + half]);
    }
    workgroupBarrier();
  }
  let all = sums[lane / width * width];
  workgroupBarrier();
  return all;
}

fn root_of(sum: Sum) -> f32 {
  return select(sqrt(sum.squares), 0.0, sum.squares == 0.0);
}

// Bits of the norm: NaN where there is one, else infinity where there is one.
fn norm_bits(sum: Sum) -> u32 {
  let finite = bitcast<u32>(root_of(sum) * power_of_two(sum.exponent));
  return select(select(finite, 0x7f800000u, sum.bad != 0u), 0x7fc00000u, (sum.bad & 2u) != 0u);
}

// min(1, max / (norm + 1e-6)); where the norm is close to overflow, by way of its root and exponent.
fn clip_scale_bits(sum: Sum) -> u32 {
  let limit = bitcast<f32>(step[6]);
  let root = root_of(sum);
  let usual = limit / (root * power_of_two(sum.exponent) + 1e-6);
  let huge = limit / root * power_of_two(-sum.exponent);
  let finite = bitcast<u32>(min(1.0, select(usual, huge, sum.exponent > 60)));
  return select(select(finite, 0u, sum.bad != 0u), 0x7fc00000u, (sum.bad & 2u) != 0u);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  let record = step[0] % SLOTS * (16u + SEGMENTS);
  let nothing = Sum(-126, 0.0, 0.0, 0u, 0u, NONE);
  var all = nothing;
  for (var first = 0u; first < SEGMENTS; first += SIZE / LANES) {
    let segment = first + lane / LANES;
    var sum = nothing;
    if (segment < SEGMENTS) {
      let begin = segments[2u * segment];
      let end = begin + segments[2u * segment + 1u];
      for (var chunk = begin + lane % LANES; chunk < end; chunk += LANES) {
        let part = partials[chunk];
        sum = join(sum, Sum(bitcast<i32>(part.x), bitcast<f32>(part.y), bitcast<f32>(part.z), part.w, 0u, NONE));
      }
    }
    sum = join_lanes(sum, lane, LANES);
    if (segment < SEGMENTS && lane % LANES == 0u) {
      ring[record + 16u + segment] = norm_bits(sum);
      sum.segment = select(0u, segment + 1u, sum.bad != 0u);
      all = join(all, sum);
    }
  }
  for (var layer = lane; layer < LAYERS; layer += SIZE) {
    if (flags[64u * layer] != 0u) {
      all.layer = min(all.layer, layer);
      flags[64u * layer] = 0u;
    }
  }
  all = join_lanes(all, lane, SIZE);
  if (lane != 0u) {
    return;
  }

  let bad_layer = all.layer;
  let bad_segment = all.segment - 1u; // 0 wraps to NONE
  let bad_loss = (loss[0] & 0x7f800000u) == 0x7f800000u;
  let bad = bad_layer != NONE || all.bad != 0u || bad_loss;
  if (bad) {
    if (counters[6] == 0u) {
      counters[3] = step[0];
      counters[4] = bad_layer;
      counters[5] = bad_segment;
    }
    counters[6] += 1u;
    if (POLICY == 0u) {
      counters[1] = 1u;
    }
  }
  let stopped = counters[1] != 0u;
  let skip = POLICY != 2u && (bad || stopped);
  let applied = counters[0];
  if (skip) {
    counters[2] += 1u;
  } else {
    counters[0] = applied + 1u;
  }
  var scale = 0x3f800000u; // 1
  if (CLIP == 1u) {
    scale = clip_scale_bits(all);
  }
  var rate = step[3];
#if ${PLATEAU}
  rate = bitcast<u32>(bitcast<f32>(rate) * plateau_factor());
  if (!stopped) {
    plateau_advance(step[15], loss[0], skip);
  }
#endif
  let norm = norm_bits(all);
  let penalty = bitcast<u32>(all.penalty);

  for (var word = 0u; word < 16u; word++) {
    summary[word] = 0u;
    ring[record + word] = 0u;
  }
  summary[0] = select(0u, 1u, skip);
  summary[1] = scale;
  summary[2] = applied;
  summary[3] = select(0u, 1u, bad);
  summary[4] = norm;
  summary[5] = penalty;
  summary[6] = rate;

  ring[record] = step[0];
  ring[record + 1u] = select(0u, 1u, bad) | select(0u, 2u, skip) | select(0u, 4u, stopped);
  ring[record + 2u] = bad_layer;
  ring[record + 3u] = bad_segment;
  ring[record + 4u] = loss[0];
  ring[record + 5u] = penalty;
  ring[record + 6u] = norm;
  ring[record + 7u] = scale;
  ring[record + 8u] = rate;
  ring[record + 9u] = counters[0];
}
