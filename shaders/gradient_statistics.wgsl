// What the norm, the clip and the test for non-finite numbers need of the gradients: one record a chunk, one workgroup
// a chunk. With REGULARIZER a weight's gradient is g + L2·w + L1·sign(w), and its penalty L2/2·w² + L1·|w|.
//
// Squares of numbers above 1.8e19 overflow, and those below 1e-19 vanish. So the chunk's largest magnitude, found
// exactly as an integer, gives a power of two 2^e by which all are divided first: Σ (g · 2^-e)².
// partials: [e (i32), that sum (f32), penalty (f32), 1 for an infinity | 2 for a NaN] for each chunk.

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> chunks: array<u32>;
@group(0) @binding(2) var<storage, read_write> partials: array<u32>;
#if ${REGULARIZER}
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
@group(0) @binding(4) var<storage, read> step: array<u32>;
#endif

override CHUNKS: u32;

var<workgroup> highest_bits: atomic<u32>;
var<workgroup> bad_kinds: atomic<u32>;

fn gradient_at(index: u32, l2: f32, l1: f32) -> f32 {
#if ${REGULARIZER}
  let w = parameters[index];
  return gradients[index] + (l2 * w + l1 * sign(w));
#else
  return gradients[index];
#endif
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (chunk >= CHUNKS) {
    return;
  }
  let begin = chunks[chunk * 8u];
  let end = begin + chunks[chunk * 8u + 1u];
  var l2 = 0.0;
  var l1 = 0.0;
#if ${REGULARIZER}
  if (chunks[chunk * 8u + 3u] == 0u) { // role weight
    l2 = bitcast<f32>(step[4]);
    l1 = bitcast<f32>(step[5]);
  }
#endif

  var highest = 0u;
  var bad = 0u;
  var penalty = 0.0;
  for (var index = begin + lane; index < end; index += SIZE) {
    let bits = bitcast<u32>(gradient_at(index, l2, l1)) & 0x7fffffffu;
    if (bits < 0x7f800000u) {
      highest = max(highest, bits);
    } else {
      bad |= select(2u, 1u, bits == 0x7f800000u);
    }
#if ${REGULARIZER}
    let w = parameters[index];
    penalty += 0.5 * l2 * w * w + l1 * abs(w);
#endif
  }
  atomicMax(&highest_bits, highest);
  atomicOr(&bad_kinds, bad);
  workgroupBarrier();
  highest = atomicLoad(&highest_bits);
  bad = atomicLoad(&bad_kinds);

  // Within ±126, so that 2^-e is a normal number.
  let exponent = clamp(i32(highest >> 23u) - 127, -126, 126);
  let scale = bitcast<f32>(u32(127 - exponent) << 23u);
  var squares = 0.0;
  for (var index = begin + lane; index < end; index += SIZE) {
    let g = gradient_at(index, l2, l1);
    if (!is_nonfinite(g)) {
      squares += (g * scale) * (g * scale);
    }
  }
  squares = sum_lanes(squares, lane, SIZE);
#if ${REGULARIZER}
  penalty = sum_lanes(penalty, lane, SIZE);
#endif
  if (lane == 0u) {
    partials[chunk * 4u] = bitcast<u32>(exponent);
    partials[chunk * 4u + 1u] = bitcast<u32>(squares);
    partials[chunk * 4u + 2u] = bitcast<u32>(penalty);
    partials[chunk * 4u + 3u] = bad;
  }
}
