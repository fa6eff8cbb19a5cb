// Adam over the parameter arena, one workgroup a chunk, as torch.optim.Adam and AdamW do it:
//   d = clip scale · (g + L2·w + L1·sign(w)), with DECOUPLED w = w·(1 − learning rate · weight decay), else d += weight decay · w
//   m = m + (1 − β1)·(d − m);  v = β2·v + (1 − β2)·d²
//   w = w − learning rate/(1 − β1ᵗ) · m / (√v / √(1 − β2ᵗ) + EPSILON)
// The corrections come from a table made in float64, by the number of updates made before; its last entry serves for
// ever. moments: m for every parameter, then v. An invocation takes four elements at a time. Nothing is touched where the summary says to skip.

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> chunks: array<u32>;
@group(0) @binding(2) var<storage, read> summary: array<u32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read> corrections: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> moments: array<vec4f>;

const SIZE = ${SIZE}u; // invocations of the workgroup

override CHUNKS: u32;
override PARAMETERS: u32; // elements of the arena
override CORRECTIONS: u32; // entries of the table
override BETA_2: f32;
override ONE_MINUS_BETA_1: f32;
override ONE_MINUS_BETA_2: f32;
override EPSILON: f32;
override DECOUPLED: u32;

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
  let correction = corrections[min(summary[2], CORRECTIONS - 1u)];
  let rate = learning_rate * correction.x;
#if ${REGULARIZER}
  let weight = f32(chunks[chunk * 8u + 3u] == 0u);
  let l2 = bitcast<f32>(step[4]) * weight;
  let l1 = bitcast<f32>(step[5]) * weight;
#endif
  for (var element = begin + 4u * lane; element < end; element += 4u * SIZE) {
    let index = element / 4u;
    let ours = vec4u(element) + vec4u(0u, 1u, 2u, 3u) < vec4u(end); // not the padding behind a segment
    let old_w = parameters[index];
    let old_m = moments[index];
    let old_v = moments[PARAMETERS / 4u + index];
    var w = old_w;
    var d = gradients[index];
#if ${REGULARIZER}
    d += l2 * w + l1 * sign(w);
#endif
    d *= clip_scale;
    if (DECOUPLED == 1u) {
      w -= learning_rate * weight_decay * w;
    } else {
      d += weight_decay * w;
    }
    let m = old_m + ONE_MINUS_BETA_1 * (d - old_m);
    let v = BETA_2 * old_v + ONE_MINUS_BETA_2 * d * d;
    w -= rate * (m / (sqrt(v) * correction.y + EPSILON));
    moments[index] = select(old_m, m, ours);
    moments[PARAMETERS / 4u + index] = select(old_v, v, ours);
    parameters[index] = select(old_w, w, ours);
  }
}
