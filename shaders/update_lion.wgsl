// Lion over the parameter arena, one workgroup a chunk (Chen et al., 2023); g is the gradient after penalty and clip
// (lib/update.wgsl):
//   w = w·(1 − learning rate · weight decay) − learning rate · sign(BETA_1·m + (1 − BETA_1)·g)
//   m = BETA_2·m + (1 − BETA_2)·g
// moments: m.

@group(0) @binding(4) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;

override BETA_1: f32;
override ONE_MINUS_BETA_1: f32;
override BETA_2: f32;
override ONE_MINUS_BETA_2: f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (is_idle(chunk)) {
    return;
  }
  let owned = owned_chunk(chunk);
  for (var element = owned.begin + 4u * lane; element < owned.end; element += 4u * SIZE) {
    let index = element / 4u;
    let ours = is_owned(owned, element);
    let old_w = parameters[index];
    let old_m = moments[index];
    let g = clipped_gradient(owned, index, old_w);
    let decayed = old_w - owned.learning_rate * owned.weight_decay * old_w;
    let w = decayed - owned.learning_rate * sign(BETA_1 * old_m + ONE_MINUS_BETA_1 * g);
    moments[index] = select(old_m, BETA_2 * old_m + ONE_MINUS_BETA_2 * g, ours);
    parameters[index] = select(old_w, w, ours);
  }
}
