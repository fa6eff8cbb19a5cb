// How far an update has moved the weights of each chunk: one workgroup a chunk, after the update.
// partials: [e (i32), Σ ((after − before) · 2^-e)² (f32), kinds of non-finite differences, 0] for each chunk; kinds are 1 for an
// infinity | 2 for a NaN. The padding behind a segment is the same before and after.

@group(0) @binding(0) var<storage, read> before: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(2) var<storage, read> chunks: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<u32>;

override CHUNKS: u32;

const INFINITE = vec4u(0x7f800000u);
// Fours that an invocation adds up before it adds them to its sum.
const BLOCK = 16u;

var<workgroup> highest_bits: atomic<u32>;
var<workgroup> bad_kinds: atomic<u32>;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (chunk >= CHUNKS) {
    return;
  }
  let begin = chunks[chunk * 8u] / 4u;
  let end = begin + (chunks[chunk * 8u + 1u] + 3u) / 4u;

  var highest = vec4u();
  var kinds = vec4u();
  for (var index = begin + lane; index < end; index += SIZE) {
    let bits = bitcast<vec4u>(parameters[index] - before[index]) & vec4u(0x7fffffffu);
    highest = select(highest, max(highest, bits), bits < INFINITE);
    kinds |= select(select(vec4u(0u), vec4u(2u), bits > INFINITE), vec4u(1u), bits == INFINITE);
  }
  atomicMax(&highest_bits, max(max(highest.x, highest.y), max(highest.z, highest.w)));
  atomicOr(&bad_kinds, kinds.x | kinds.y | kinds.z | kinds.w);
  workgroupBarrier();

  let exponent = exponent_of(atomicLoad(&highest_bits));
  let scale = power_of_two(-exponent);
  var squares = 0.0;
  for (var block = begin + lane; block < end; block += SIZE * BLOCK) {
    var part = vec4f();
    for (var index = block; index < min(block + SIZE * BLOCK, end); index += SIZE) {
      let difference = parameters[index] - before[index];
      let finite = (bitcast<vec4u>(difference) & INFINITE) != INFINITE;
      let scaled = select(vec4f(), difference * scale, finite);
      part += scaled * scaled;
    }
    squares += (part.x + part.y) + (part.z + part.w);
  }
  squares = sum_lanes(squares, lane, SIZE);
  if (lane == 0u) {
    partials[chunk * 4u] = bitcast<u32>(exponent);
    partials[chunk * 4u + 1u] = bitcast<u32>(squares);
    partials[chunk * 4u + 2u] = atomicLoad(&bad_kinds);
    partials[chunk * 4u + 3u] = 0u;
  }
}
