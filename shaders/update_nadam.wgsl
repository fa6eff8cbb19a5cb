// Adam with Nesterov momentum over the parameter arena, one workgroup a chunk, as torch.optim.NAdam does it; g is the gradient
// after penalty and clip (lib/update.wgsl):
//   d = g, with DECOUPLED w = w·(1 − learning rate · weight decay), else d += weight decay · w
//   m = m + (1 − β1)·(d − m);  v = β2·v + (1 − β2)·d²
//   w = w − learning rate · ((1 − μₜ)/(1 − Π μ) · d + μₜ₊₁/(1 − Π μ·μₜ₊₁) · m) / (√v / √(1 − β2ᵗ) + EPSILON)
// What contains a product or a power of many steps comes from a table made in float64, by the number of updates made
// before; its last entry serves for ever. μₜ = β1·(1 − ½·e^(−t·DECAY)) goes on changing for longer than a table could
// tell, and is computed: both it and 1 − μₜ are sums of positive numbers, or not less than half of the larger one.
// moments: m for every parameter, then v.

@group(0) @binding(4) var<storage, read> corrections: array<f32>;
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> moments: array<vec4f>;

override PARAMETERS: u32; // elements of the arena
override CORRECTIONS: u32; // entries of the table
override BETA_1: f32;
override DECAY: f32;
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
  let entry = 3u * min(summary[2], CORRECTIONS - 1u);
  let t = f32(summary[2]) + 1.0;
  let one_minus_mu = ONE_MINUS_BETA_1 + 0.5 * BETA_1 * math_exp(-t * DECAY);
  let next_mu = BETA_1 - 0.5 * BETA_1 * math_exp(-(t + 1.0) * DECAY);
  let direct = owned.learning_rate * one_minus_mu * corrections[entry];
  let moved = owned.learning_rate * next_mu * corrections[entry + 1u];
  let root_correction = corrections[entry + 2u];
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
    w -= (direct * d + moved * m) / (sqrt(v) * root_correction + EPSILON);
    moments[index] = select(old_m, m, ours);
    moments[PARAMETERS / 4u + index] = select(old_v, v, ours);
    parameters[index] = select(old_w, w, ours);
  }
}
