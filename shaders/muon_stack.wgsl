// Muon's second pass, one workgroup a chunk: each matrix goes to its place in the stacks, where those of one shape lie one behind
// the other, as u/max(‖u‖, 1e-7); u is made of what the first pass has kept (muon_moments.wgsl). It is divided by ‖u‖ as
// root · 2^exponent, so that neither a tiny nor a huge one is lost.

@group(0) @binding(4) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(5) var<storage, read> moments: array<vec4f>;
@group(0) @binding(6) var<storage, read> norms: array<vec4u>; // for each tensor: exponent (i32) and root (f32) of ‖u‖
@group(0) @binding(7) var<storage, read_write> stacks: array<f32>;

override MOMENTUM: f32;
override NESTEROV: u32;

const LEAST_NORM = 1e-7;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (is_idle(chunk)) {
    return;
  }
  let begin = chunks[chunk * 8u + 5u];
  if (begin == 0xffffffffu) {
    return;
  }
  let owned = owned_chunk(chunk);
  let norm = norms[chunks[chunk * 8u + 2u]];
  let exponent = bitcast<i32>(norm.x);
  let root = bitcast<f32>(norm.y);
  let is_tiny = root * power_of_two(exponent) < LEAST_NORM;
  let scale = select(power_of_two(-exponent), 1.0, is_tiny);
  let divisor = select(root, LEAST_NORM, is_tiny);
  for (var element = owned.begin + 4u * lane; element < owned.end; element += 4u * SIZE) {
    let index = element / 4u;
    let g = clipped_gradient(owned, index, parameters[index]);
    let mean = moments[index];
    let u = select(mean, g + MOMENTUM * (mean - g), NESTEROV == 1u);
    let x = u * scale / divisor;
    let place = begin + element - owned.begin;
    for (var at = 0u; at < min(4u, owned.end - element); at++) {
      stacks[place + at] = x[at];
    }
  }
}
