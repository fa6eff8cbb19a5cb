// What the norm, the clip and the test for non-finite numbers need of the gradients: one record a chunk, one workgroup
// a chunk. With REGULARIZER a weight's gradient is g + L2·w + L1·sign(w), and its penalty L2/2·w² + L1·|w|.
//
// Squares of numbers above 1.8e19 overflow, and those below 1e-19 vanish. So the chunk's largest magnitude, found
// exactly as an integer, gives a power of two 2^e by which all are divided first: Σ (g · 2^-e)².
// An invocation takes four elements at a time: chunks begin at multiples of four, and the padding behind a segment is 0.
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

var<workgroup> highest_bits: atomic<u32>;
var<workgroup> bad_kinds: atomic<u32>;

// Fours that an invocation adds up before it adds them to its sum.
const BLOCK = 16u;

fn gradient_at(index: u32, l2: f32, l1: f32) -> vec4f {
#if ${REGULARIZER}
  if (JOINED == 0u) {
    let w = parameters[index];
    return gradients[index] + (l2 * w + l1 * sign(w));
  }
#endif
  return gradients[index];
}

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

  var highest = vec4u();
  var bad = vec4u();
  var penalty = 0.0;
  for (var block = begin + lane; block < end; block += SIZE * BLOCK) {
    var part = vec4f();
    for (var index = block; index < min(block + SIZE * BLOCK, end); index += SIZE) {
      let bits = bitcast<vec4u>(gradient_at(index, l2, l1)) & vec4u(0x7fffffffu);
      let infinite = vec4u(0x7f800000u);
      highest = select(highest, max(highest, bits), bits < infinite);
      bad |= select(select(vec4u(0u), vec4u(2u), bits > infinite), vec4u(1u), bits == infinite);
#if ${REGULARIZER}
      let w = parameters[index];
      part += 0.5 * l2 * w * w + l1 * abs(w);
#endif
    }
    penalty += (part.x + part.y) + (part.z + part.w);
  }
  atomicMax(&highest_bits, max(max(highest.x, highest.y), max(highest.z, highest.w)));
  atomicOr(&bad_kinds, bad.x | bad.y | bad.z | bad.w);
  workgroupBarrier();

  let scale = power_of_two(-exponent_of(atomicLoad(&highest_bits)));
  var squares = 0.0;
  for (var block = begin + lane; block < end; block += SIZE * BLOCK) {
    var part = vec4f();
    for (var index = block; index < min(block + SIZE * BLOCK, end); index += SIZE) {
      let g = gradient_at(index, l2, l1);
      let finite = (bitcast<vec4u>(g) & vec4u(0x7f800000u)) != vec4u(0x7f800000u);
      let scaled = select(vec4f(), g * scale, finite);
      part += scaled * scaled;
    }
    squares += (part.x + part.y) + (part.z + part.w);
  }
  squares = sum_lanes(squares, lane, SIZE);
#if ${REGULARIZER}
  penalty = sum_lanes(penalty, lane, SIZE);
#endif
  if (lane == 0u) {
    partials[chunk * 4u] = atomicLoad(&highest_bits);
    partials[chunk * 4u + 1u] = bitcast<u32>(squares);
    partials[chunk * 4u + 2u] = bitcast<u32>(penalty);
    partials[chunk * 4u + 3u] = atomicLoad(&bad_kinds);
  }
}
