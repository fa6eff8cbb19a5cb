// Stochastic gradient descent over the parameter arena, one workgroup a chunk, as torch.optim.SGD does it:
//   d = clip scale · (g + L2·w + L1·sign(w)) + weight decay · w
//   buffer = d at the first update, then MOMENTUM · buffer + UNDAMPED · d;  d = buffer, or d + MOMENTUM · buffer (nesterov)
//   w = w − learning rate · d
// An invocation takes four elements at a time. Nothing is touched where the summary says to skip.

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> chunks: array<u32>;
@group(0) @binding(2) var<storage, read> summary: array<u32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> parameters: array<vec4f>;
#if ${MOMENTUM}
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;
#endif

const SIZE = ${SIZE}u; // invocations of the workgroup

override CHUNKS: u32;
override MOMENTUM: f32;
override UNDAMPED: f32; // 1 − dampening
override NESTEROV: u32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (chunk >= CHUNKS || summary[0] != 0u) {
    return;
  }
  let begin = chunks[chunk * 8u];
  let end = begin + chunks[chunk * 8u + 1u];
  let clip_scale = bitcast<f32>(summary[1]);
  let learning_rate = bitcast<f32>(step[3]);
  let weight_decay = bitcast<f32>(step[7]);
#if ${REGULARIZER}
  let weight = f32(chunks[chunk * 8u + 3u] == 0u);
  let l2 = bitcast<f32>(step[4]) * weight;
  let l1 = bitcast<f32>(step[5]) * weight;
#endif
  for (var element = begin + 4u * lane; element < end; element += 4u * SIZE) {
    let index = element / 4u;
    let ours = vec4u(element) + vec4u(0u, 1u, 2u, 3u) < vec4u(end); // not the padding behind a segment
    let w = parameters[index];
    var d = gradients[index];
#if ${REGULARIZER}
    d += l2 * w + l1 * sign(w);
#endif
    d = clip_scale * d + weight_decay * w;
#if ${MOMENTUM}
    let old = moments[index];
    let buffer = select(MOMENTUM * old + UNDAMPED * d, d, summary[2] == 0u);
    moments[index] = select(old, buffer, ours);
    d = select(buffer, d + MOMENTUM * buffer, NESTEROV == 1u);
#endif
    parameters[index] = select(w, w - learning_rate * d, ours);
  }
}
