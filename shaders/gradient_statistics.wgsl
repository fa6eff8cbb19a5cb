// What the norm, the clip and the test for non-finite numbers need of the gradients: one record a chunk, one workgroup
// a chunk. With REGULARIZER a weight's gradient is g + L2·w + L1·sign(w), and its penalty L2/2·w² + L1·|w|.
//
// Squares of numbers above 1.8e19 overflow, and those below 1e-19 vanish. So the chunk's largest magnitude, found
// exactly as an integer, gives a power of two 2^e by which all are divided: Σ (g · 2^-e)². Mostly e is so near 0 that the
// squares can be added up as they are, in the same pass, and their sum be divided; else two passes more are made.
// An invocation takes 16 elements at a time: chunks begin at multiples of four, and the padding behind a segment is 0.
// Sums are added up in blocks, so that rounding grows slowly.
// partials: [that magnitude (f32), that sum (f32), penalty (f32), 1 for an infinity | 2 for a NaN] for each chunk.

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> chunks: array<u32>;
@group(0) @binding(2) var<storage, read_write> partials: array<u32>;
#if ${REGULARIZER}
@group(0) @binding(3) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(4) var<storage, read> step: array<u32>;
#endif

override CHUNKS: u32;
override JOINED: u32; // 1 where the penalty's gradient is in the gradients already

var<workgroup> all_bits: atomic<u32>;
var<workgroup> highest_bits: atomic<u32>;
var<workgroup> bad_kinds: atomic<u32>;

// Rounds of an invocation that are added up before they are added to its sum.
const BLOCK = 16u;
// Magnitudes whose squares, and sums of squares, are far from either end: 2^±40.
const LEAST_ORDINARY = 0x2b800000u;
const MOST_ORDINARY = 0x53800000u;

fn gradient_at(index: u32, l2: f32, l1: f32) -> vec4f {
#if ${REGULARIZER}
  if (JOINED == 0u) {
    let w = parameters[index];
    return gradients[index] + (l2 * w + l1 * sign(w));
  }
#endif
  return gradients[index];
}

fn magnitude_bits(g: vec4f) -> vec4u {
  return bitcast<vec4u>(g) & vec4u(0x7fffffffu);
}

fn across(v: vec4f) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}

#if ${REGULARIZER}
fn penalty_at(index: u32, l2: f32, l1: f32) -> vec4f {
  let w = parameters[index];
  return 0.5 * l2 * w * w + l1 * abs(w);
}
#endif

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (chunk >= CHUNKS) {
    return;
  }
  let begin = chunks[chunk * 8u] / 4u;
  let end = begin + (chunks[chunk * 8u + 1u] + 3u) / 4u;
  var l2 = 0.0;
  var l1 = 0.0;
#if ${REGULARIZER}
  if (chunks[chunk * 8u + 3u] == 0u && chunks[chunk * 8u + 6u] != 0u) { // role weight, and not frozen
    l2 = bitcast<f32>(step[4]);
    l1 = bitcast<f32>(step[5]);
  }
#endif

  // What is not finite counts as the largest of all here.
  var most = vec4u();
  var squares = 0.0;
  var penalty = 0.0;
  var index = begin + lane;
  while (index < end) {
    var part = vec4f();
    var penalty_part = vec4f();
    for (var round = 0u; round < BLOCK && index + 3u * SIZE < end; round++) {
      let g0 = gradient_at(index, l2, l1);
      let g1 = gradient_at(index + SIZE, l2, l1);
      let g2 = gradient_at(index + 2u * SIZE, l2, l1);
      let g3 = gradient_at(index + 3u * SIZE, l2, l1);
      most = max(most, max(max(magnitude_bits(g0), magnitude_bits(g1)), max(magnitude_bits(g2), magnitude_bits(g3))));
      part += (g0 * g0 + g1 * g1) + (g2 * g2 + g3 * g3);
#if ${REGULARIZER}
      penalty_part += (penalty_at(index, l2, l1) + penalty_at(index + SIZE, l2, l1))
        + (penalty_at(index + 2u * SIZE, l2, l1) + penalty_at(index + 3u * SIZE, l2, l1));
#endif
      index += 4u * SIZE;
    }
    // The last ones, three at most.
    if (index + 3u * SIZE >= end) {
      for (; index < end; index += SIZE) {
        let g = gradient_at(index, l2, l1);
        most = max(most, magnitude_bits(g));
        part += g * g;
#if ${REGULARIZER}
        penalty_part += penalty_at(index, l2, l1);
#endif
      }
    }
    squares += across(part);
    penalty += across(penalty_part);
  }
  atomicMax(&all_bits, max(max(most.x, most.y), max(most.z, most.w)));
  workgroupBarrier();

  let all = atomicLoad(&all_bits);
  let is_ordinary = all == 0u || (all >= LEAST_ORDINARY && all <= MOST_ORDINARY);
  if (!is_ordinary) {
    var highest = vec4u();
    var bad = vec4u();
    for (var at = begin + lane; at < end; at += SIZE) {
      let bits = magnitude_bits(gradient_at(at, l2, l1));
      let infinite = vec4u(0x7f800000u);
      highest = select(highest, max(highest, bits), bits < infinite);
      bad |= select(select(vec4u(0u), vec4u(2u), bits > infinite), vec4u(1u), bits == infinite);
    }
    atomicMax(&highest_bits, max(max(highest.x, highest.y), max(highest.z, highest.w)));
    atomicOr(&bad_kinds, bad.x | bad.y | bad.z | bad.w);
  }
  workgroupBarrier();

  let magnitude = select(atomicLoad(&highest_bits), all, is_ordinary);
  let scale = power_of_two(-exponent_of(magnitude));
  if (is_ordinary) {
    squares = select(squares * scale * scale, 0.0, all == 0u);
  } else {
    squares = 0.0;
    for (var block = begin + lane; block < end; block += SIZE * BLOCK) {
      var part = vec4f();
      for (var at = block; at < min(block + SIZE * BLOCK, end); at += SIZE) {
        let g = gradient_at(at, l2, l1);
        let finite = (bitcast<vec4u>(g) & vec4u(0x7f800000u)) != vec4u(0x7f800000u);
        let scaled = select(vec4f(), g * scale, finite);
        part += scaled * scaled;
      }
      squares += across(part);
    }
  }
  squares = sum_lanes(squares, lane, SIZE);
#if ${REGULARIZER}
  penalty = sum_lanes(penalty, lane, SIZE);
#endif
  if (lane == 0u) {
    partials[chunk * 4u] = magnitude;
    partials[chunk * 4u + 1u] = bitcast<u32>(squares);
    partials[chunk * 4u + 2u] = bitcast<u32>(penalty);
    partials[chunk * 4u + 3u] = atomicLoad(&bad_kinds);
  }
}
