// Stochastic gradient descent over the parameter arena, one workgroup a chunk, as torch.optim.SGD does it; g is the
// gradient after penalty and clip (lib/update.wgsl):
//   d = g + weight decay · w;  with DECOUPLED d = g, and w = w·(1 − learning rate · weight decay)
//   buffer = d at the first update, then MOMENTUM · buffer + UNDAMPED · d;  d = buffer, or d + MOMENTUM · buffer (nesterov)
//   w = w − learning rate · d

@group(0) @binding(4) var<storage, read_write> parameters: array<vec4f>;
#if ${MOMENTUM}
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;
#endif

override MOMENTUM: f32;
override UNDAMPED: f32; // 1 − dampening
override NESTEROV: u32;

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
    var w = old_w;
    var d = decayed_gradient(owned, index, &w);
#if ${MOMENTUM}
    let old = moments[index];
    let buffer = select(MOMENTUM * old + UNDAMPED * d, d, summary[2] == 0u);
    moments[index] = select(old, buffer, ours);
    d = select(buffer, d + MOMENTUM * buffer, NESTEROV == 1u);
#endif
    parameters[index] = select(old_w, w - owned.learning_rate * d, ours);
  }
}
