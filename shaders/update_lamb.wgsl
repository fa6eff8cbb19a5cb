// Lamb's last pass over the parameter arena, one workgroup a chunk: w = w − learning rate · φ · r, with r as the first pass has it
// (lamb_moments.wgsl), and φ = ‖w‖/‖r‖ of the parameter tensor, 1 where either is 0.

@group(0) @binding(4) var<storage, read> corrections: array<vec2f>;
@group(0) @binding(5) var<storage, read> norms: array<vec4u>; // for each tensor: exponent (i32) and root (f32) of ‖w‖, then of ‖r‖
@group(0) @binding(6) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(7) var<storage, read> moments: array<vec4f>;

override PARAMETERS: u32; // elements of the arena
override CORRECTIONS: u32; // entries of the table
override EPSILON: f32;

fn trust_ratio(segment: u32) -> f32 {
  let norm = norms[segment];
  let w = bitcast<f32>(norm.y);
  let r = bitcast<f32>(norm.w);
  if (w == 0.0 || r == 0.0) {
    return 1.0;
  }
  return w / r * power_of_two(bitcast<i32>(norm.x) - bitcast<i32>(norm.z));
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (is_idle(chunk)) {
    return;
  }
  let owned = owned_chunk(chunk);
  let correction = corrections[min(summary[2], CORRECTIONS - 1u)];
  let rate = owned.learning_rate * trust_ratio(chunks[chunk * 8u + 2u]);
  for (var element = owned.begin + 4u * lane; element < owned.end; element += 4u * SIZE) {
    let index = element / 4u;
    let w = parameters[index];
    let m = moments[index];
    let v = moments[PARAMETERS / 4u + index];
    let r = m * correction.x / (sqrt(v) * correction.y + EPSILON) + owned.weight_decay * w;
    parameters[index] = select(w, w - rate * r, is_owned(owned, element));
  }
}
