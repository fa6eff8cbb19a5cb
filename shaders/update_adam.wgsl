// Adam over the parameter arena, one workgroup a chunk, as torch.optim.Adam and AdamW do it:
//   d = clip scale · (g + L2·w + L1·sign(w)), with DECOUPLED w = w·(1 − learning rate · weight decay), else d += weight decay · w
//   m = m + (1 − β1)·(d − m);  v = β2·v + (1 − β2)·d²
//   w = w − learning rate/(1 − β1ᵗ) · m / (√v / √(1 − β2ᵗ) + EPSILON)
// The corrections come from a table made in float64, by the number of updates made before; its last entry serves for
// ever. moments: m for every parameter, then v. Nothing is touched where the summary says to skip.

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read> chunks: array<u32>;
@group(0) @binding(2) var<storage, read> summary: array<u32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read> corrections: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(6) var<storage, read_write> moments: array<f32>;

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
  for (var index = begin + lane; index < end; index += SIZE) {
    var w = parameters[index];
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
    var m = moments[index];
    m += ONE_MINUS_BETA_1 * (d - m);
    let v = BETA_2 * moments[PARAMETERS + index] + ONE_MINUS_BETA_2 * d * d;
    moments[index] = m;
    moments[PARAMETERS + index] = v;
    parameters[index] = w - rate * (m / (sqrt(v) * correction.y + EPSILON));
  }
}
