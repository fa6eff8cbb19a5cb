// Adagrad over the parameter arena, one workgroup a chunk, as torch.optim.Adagrad does it; g is the gradient after penalty
// and clip (lib/update.wgsl):
//   d = g, with DECOUPLED w = w·(1 − learning rate · weight decay), else d += weight decay · w
//   s = s + d²;  w = w − learning rate/(1 + n·DECAY) · d / (√s + EPSILON), n the updates made before: exact up to 2²⁴
// moments: s.

@group(0) @binding(4) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;

override DECAY: f32;
override EPSILON: f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (is_idle(chunk)) {
    return;
  }
  let owned = owned_chunk(chunk);
  let rate = owned.learning_rate / (1.0 + f32(summary[2]) * DECAY);
  for (var element = owned.begin + 4u * lane; element < owned.end; element += 4u * SIZE) {
    let index = element / 4u;
    let ours = is_owned(owned, element);
    let old_w = parameters[index];
    let old_s = moments[index];
    var w = old_w;
    let d = decayed_gradient(owned, index, &w);
    let s = old_s + d * d;
    w -= rate * (d / (sqrt(s) + EPSILON));
    moments[index] = select(old_s, s, ours);
    parameters[index] = select(old_w, w, ours);
  }
}
