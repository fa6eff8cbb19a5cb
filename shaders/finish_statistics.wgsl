// The end of a step's statistics, by one workgroup: every segment's gradient norm and the global one, the clip's scale,
// whether anything was not finite and what follows from it, the counters, and the step's record in the ring.
//
// A sum of squares is held as squares · 4^exponent of the largest magnitude, so that it neither overflows nor vanishes.
// LANES invocations share a segment. Everything is decided by invocation 0 after the last barrier, but for the scales of
// a clip by parameter, which lie behind the summary's 16 words: [factor, exponent] of each segment.

@group(0) @binding(0) var<storage, read> partials: array<vec4u>; // largest magnitude, squares, penalty, kinds of non-finite
@group(0) @binding(1) var<storage, read> segments: array<u32>; // first chunk, chunks
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read> loss: array<u32>; // bits; those of auxiliary heads at multiples of 64
@group(0) @binding(4) var<storage, read_write> summary: array<u32>;
@group(0) @binding(5) var<storage, read_write> counters: array<u32>;
@group(0) @binding(6) var<storage, read_write> flags: array<u32>;
@group(0) @binding(7) var<storage, read_write> ring: array<u32>;

override SEGMENTS: u32;
override AUXILIARY: u32; // losses of auxiliary heads
override LAYERS: u32;
override SLOTS: u32;
override LANES: u32;
override CLIP: u32;
override TILES: u32; // of rows that an adaptive clip has scaled: from word LEASTS of the partials on, bits of the least scale of each
override LEASTS: u32;
override POLICY: u32; // 0 stop, 1 skip, 2 ignore

const SIZE = ${SIZE}u;
const NONE = 0xffffffffu;
const ONE = 0x3f800000u; // bits of 1

// Values of CLIP.
const NO_CLIP = 0u;
const GLOBAL_NORM = 1u;
const PARAMETER_NORM = 2u;
const VALUE = 3u;
const RESCALE = 4u;
const NORMALIZE = 5u;
const ADAPTIVE = 6u;

struct Sum {
  highest: u32, // bits of the largest magnitude
  squares: f32,
  penalty: f32,
  bad: u32, // 1 an infinity, 2 a NaN
  segment: u32, // highest with something bad, plus 1
  layer: u32, // lowest that raised its flag
  least: u32, // bits of the smallest scale of a segment
}

var<workgroup> sums: array<Sum, SIZE>;

fn join(a: Sum, b: Sum) -> Sum {
  var both: Sum;
  both.highest = max(a.highest, b.highest);
  let exponent = exponent_of(both.highest);
  both.squares = shrunk(a.squares, exponent_of(a.highest) - exponent) + shrunk(b.squares, exponent_of(b.highest) - exponent);
  both.penalty = a.penalty + b.penalty;
  both.bad = a.bad | b.bad;
  both.segment = max(a.segment, b.segment);
  both.layer = min(a.layer, b.layer);
  both.least = min(a.least, b.least);
  return both;
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

fn norm_of(sum: Sum) -> Norm {
  return Norm(select(sqrt(sum.squares), 0.0, sum.squares == 0.0), exponent_of(sum.highest));
}

// `finite`, or NaN where there was one, else `infinite` where there was an infinity.
fn unless_bad(finite: f32, infinite: u32, bad: u32) -> u32 {
  return select(select(bitcast<u32>(finite), infinite, bad != 0u), 0x7fc00000u, (bad & 2u) != 0u);
}

fn norm_bits(sum: Sum) -> u32 {
  let norm = norm_of(sum);
  return unless_bad(norm.root * power_of_two(norm.exponent), 0x7f800000u, sum.bad);
}

// What the clip multiplies these gradients by; for a clip by value, the least that it multiplies one of them by.
fn clip_scale(sum: Sum) -> Scale {
  if (sum.bad != 0u) {
    return WHOLE; // and unless_bad does the rest
  }
  let norm = norm_of(sum);
  let limit = bitcast<f32>(step[6]);
  switch (CLIP) {
    case GLOBAL_NORM, PARAMETER_NORM: {
      return shortened(limit, norm, 1e-6);
    }
    case VALUE: {
      let highest = bitcast<f32>(sum.highest);
      if (highest > limit) {
        return Scale(limit / highest, 0);
      }
    }
    case RESCALE: {
      if (is_longer(norm, limit)) {
        return quotient(limit, norm);
      }
    }
    case NORMALIZE: {
      if (norm.root > 0.0) {
        return quotient(1.0, norm);
      }
    }
    default: {}
  }
  return WHOLE;
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  let record = step[0] % SLOTS * (16u + SEGMENTS + AUXILIARY);
  let nothing = Sum(0u, 0.0, 0.0, 0u, 0u, NONE, ONE);
  var all = nothing;
  for (var first = 0u; first < SEGMENTS; first += SIZE / LANES) {
    let segment = first + lane / LANES;
    var sum = nothing;
    if (segment < SEGMENTS) {
      let begin = segments[2u * segment];
      let end = begin + segments[2u * segment + 1u];
      for (var chunk = begin + lane % LANES; chunk < end; chunk += LANES) {
        let part = partials[chunk];
        sum = join(sum, Sum(part.x, bitcast<f32>(part.y), bitcast<f32>(part.z), part.w, 0u, NONE, ONE));
      }
    }
    sum = join_lanes(sum, lane, LANES);
    if (segment < SEGMENTS && lane % LANES == 0u) {
      ring[record + 16u + segment] = norm_bits(sum);
      if (CLIP == PARAMETER_NORM) {
        let own = clip_scale(sum);
        summary[16u + 2u * segment] = unless_bad(own.factor, 0u, sum.bad);
        summary[17u + 2u * segment] = bitcast<u32>(own.exponent);
        sum.least = unless_bad(own.factor * power_of_two(own.exponent), 0u, sum.bad & 1u);
      }
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
  for (var tile = lane; tile < TILES; tile += SIZE) {
    let word = LEASTS + tile;
    all.least = min(all.least, partials[word / 4u][word % 4u]);
  }
  all = join_lanes(all, lane, SIZE);
  if (lane != 0u) {
    return;
  }

  let bad_layer = all.layer;
  let bad_segment = all.segment - 1u; // 0 wraps to NONE
  var bad_loss = (loss[0] & 0x7f800000u) == 0x7f800000u;
  for (var head = 0u; head < AUXILIARY; head++) {
    let own = loss[64u * (head + 1u)];
    ring[record + 16u + SEGMENTS + head] = own;
    bad_loss = bad_loss || (own & 0x7f800000u) == 0x7f800000u;
  }
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
  var scale = vec2u(ONE, 0u); // factor and exponent for all gradients together
  var least = ONE;
  if (CLIP == PARAMETER_NORM || CLIP == ADAPTIVE) {
    least = unless_bad(bitcast<f32>(all.least), 0u, all.bad);
  } else if (CLIP != NO_CLIP) {
    let whole = clip_scale(all);
    scale = vec2u(unless_bad(whole.factor, 0u, all.bad), bitcast<u32>(whole.exponent));
    least = unless_bad(whole.factor * power_of_two(whole.exponent), 0u, all.bad);
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
  summary[1] = scale.x;
  summary[2] = applied;
  summary[3] = select(0u, 1u, bad);
  summary[4] = norm;
  summary[5] = penalty;
  summary[6] = rate;
  summary[7] = scale.y;

  ring[record] = step[0];
  ring[record + 1u] = select(0u, 1u, bad) | select(0u, 2u, skip) | select(0u, 4u, stopped);
  ring[record + 2u] = bad_layer;
  ring[record + 3u] = bad_segment;
  ring[record + 4u] = loss[0];
  ring[record + 5u] = penalty;
  ring[record + 6u] = norm;
  ring[record + 7u] = least;
  ring[record + 8u] = rate;
  ring[record + 9u] = counters[0];
}
