// RMSprop over the parameter arena, one workgroup a chunk, as torch.optim.RMSprop does it; g is the gradient after penalty
// and clip (lib/update.wgsl):
//   d = g, with DECOUPLED w = w·(1 − learning rate · weight decay), else d += weight decay · w
//   s = ALPHA·s + (1 − ALPHA)·d²;  with CENTERED a = a + (1 − ALPHA)·(d − a), and s − a² in place of s below
//   d = d / (√s + EPSILON);  with MOMENTUM buffer = MOMENTUM·buffer + d, and d = buffer
//   w = w − learning rate · d
// moments: s for every parameter, then a, then the buffer, those that there are. Rounding may make s − a² negative: it is
// then 0.

@group(0) @binding(4) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;

#if ${SEVERAL}
override PARAMETERS: u32; // elements of the arena
#endif
override ALPHA: f32;
override ONE_MINUS_ALPHA: f32;
override EPSILON: f32;
override MOMENTUM: f32;

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
    let old_s = moments[index];
    var w = old_w;
    var d = decayed_gradient(owned, index, &w);
    let s = ALPHA * old_s + ONE_MINUS_ALPHA * d * d;
    moments[index] = select(old_s, s, ours);
    var variance = s;
#if ${SEVERAL}
    var place = index + PARAMETERS / 4u;
#endif
#if ${CENTERED}
    let old_a = moments[place];
    let a = old_a + ONE_MINUS_ALPHA * (d - old_a);
    moments[place] = select(old_a, a, ours);
    variance = max(s - a * a, vec4f());
    place += PARAMETERS / 4u;
#endif
    d = d / (sqrt(variance) + EPSILON);
#if ${MOMENTUM}
    let old_buffer = moments[place];
    d = MOMENTUM * old_buffer + d;
    moments[place] = select(old_buffer, d, ours);
#endif
    parameters[index] = select(old_w, w - owned.learning_rate * d, ours);
  }
}
