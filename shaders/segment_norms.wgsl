// Two norms of every parameter tensor from what its chunks say, one workgroup a tensor: sums of squares, each as exponent and
// sum · 4^exponent, become roots, each as exponent and root · 2^exponent, so that no norm overflows or vanishes.

@group(0) @binding(0) var<storage, read> partials: array<vec4u>; // for each chunk: exponent (i32) and sum (f32), twice
@group(0) @binding(1) var<storage, read> segments: array<u32>; // first chunk, chunks
@group(0) @binding(2) var<storage, read_write> norms: array<vec4u>; // for each tensor: exponent (i32) and root (f32), twice

override SEGMENTS: u32;

const SIZE = ${SIZE}u; // invocations of the workgroup

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let segment = workgroup_index(group_id);
  if (segment >= SEGMENTS) {
    return;
  }
  let begin = segments[2u * segment];
  let end = begin + segments[2u * segment + 1u];
  var first = NO_SQUARES;
  var second = NO_SQUARES;
  for (var chunk = begin + lane; chunk < end; chunk += SIZE) {
    let part = partials[chunk];
    first = join_squares(first, Squares(bitcast<i32>(part.x), bitcast<f32>(part.y)));
    second = join_squares(second, Squares(bitcast<i32>(part.z), bitcast<f32>(part.w)));
  }
  first = sum_squares(first, lane);
  second = sum_squares(second, lane);
  if (lane == 0u) {
    let roots = bitcast<vec2u>(sqrt(vec2f(first.sum, second.sum)));
    norms[segment] = vec4u(bitcast<u32>(first.exponent), roots.x, bitcast<u32>(second.exponent), roots.y);
  }
}
