// Rectified Adam over the parameter arena, one workgroup a chunk, as torch.optim.RAdam does it; g is the gradient after
// penalty and clip (lib/update.wgsl):
//   d = g, with DECOUPLED w = w·(1 − learning rate · weight decay), else d += weight decay · w
//   m = m + (1 − β1)·(d − m);  v = β2·v + (1 − β2)·d²
//   w = w − learning rate/(1 − β1ᵗ) · m · (r·√(1 − β2ᵗ) / (√v + EPSILON), or 1 as long as v says too little)
// 1/(1 − β1ᵗ) and r·√(1 − β2ᵗ), 0 for the latter case, come from a table made in float64, by the number of updates made
// before; its last entry serves for ever. moments: m for every parameter, then v.

@group(0) @binding(4) var<storage, read> corrections: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> moments: array<vec4f>;

override PARAMETERS: u32; // elements of the arena
override CORRECTIONS: u32; // entries of the table
override BETA_2: f32;
override ONE_MINUS_BETA_1: f32;
override ONE_MINUS_BETA_2: f32;
override EPSILON: f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (is_idle(chunk)) {
    return;
  }
  let owned = owned_chunk(chunk);
  let correction = corrections[min(summary[2], CORRECTIONS - 1u)];
  let rate = owned.learning_rate * correction.x;
  for (var element = owned.begin + 4u * lane; element < owned.end; element += 4u * SIZE) {
    let index = element / 4u;
    let ours = is_owned(owned, element);
    let old_w = parameters[index];
    let old_m = moments[index];
    let old_v = moments[PARAMETERS / 4u + index];
    var w = old_w;
    let d = decayed_gradient(owned, index, &w);
    let m = old_m + ONE_MINUS_BETA_1 * (d - old_m);
    let v = BETA_2 * old_v + ONE_MINUS_BETA_2 * d * d;
    let adapted = m * (correction.y / (sqrt(v) + EPSILON));
    w -= rate * select(adapted, m, correction.y == 0.0);
    moments[index] = select(old_m, m, ours);
    moments[PARAMETERS / 4u + index] = select(old_v, v, ours);
    parameters[index] = select(old_w, w, ours);
  }
}
