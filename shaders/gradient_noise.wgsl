// The gradients with noise: g + σ·z, and with REGULARIZER the penalty's part, + L2·w + L1·sign(w) for weights. One workgroup a chunk.
// z is a normal number for each element: word (element mod 4) of Philox with key (seed, 4) and counter (element / 4, step, parameter, 0),
// elements counted within their parameter. Frozen parameters get neither. What lies behind a segment in its last four becomes 0.

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> chunks: array<u32>;
@group(0) @binding(2) var<storage, read> segments: array<u32>; // first chunk, chunks
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> noisy: array<vec4f>;
#if ${REGULARIZER}
@group(0) @binding(5) var<storage, read> parameters: array<vec4f>;
#endif

const SIZE = ${SIZE}u; // invocations of the workgroup
const STREAM = 4u; // "noise" of src/core/philox.ts

override CHUNKS: u32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (chunk >= CHUNKS) {
    return;
  }
  let begin = chunks[chunk * 8u];
  let end = begin + chunks[chunk * 8u + 1u];
  let segment = chunks[chunk * 8u + 2u];
  let origin = chunks[segments[2u * segment] * 8u];
  let frozen = chunks[chunk * 8u + 6u] == 0u;
  let deviation = select(bitcast<f32>(step[8]), 0.0, frozen);
#if ${REGULARIZER}
  let is_weight = f32(chunks[chunk * 8u + 3u] == 0u && !frozen);
  let l2 = bitcast<f32>(step[4]) * is_weight;
  let l1 = bitcast<f32>(step[5]) * is_weight;
#endif
  for (var element = begin + 4u * lane; element < end; element += 4u * SIZE) {
    let words = philox4x32(vec4u((element - origin) / 4u, step[0], segment, 0u), vec2u(step[2], STREAM));
    let z = vec4f(normal_from_bits(words.x), normal_from_bits(words.y), normal_from_bits(words.z), normal_from_bits(words.w));
    var g = gradients[element / 4u];
#if ${REGULARIZER}
    let w = parameters[element / 4u];
    g += l2 * w + l1 * sign(w);
#endif
    let ours = vec4u(element) + vec4u(0u, 1u, 2u, 3u) < vec4u(end);
    noisy[element / 4u] = select(vec4f(), g + deviation * z, ours);
  }
}
