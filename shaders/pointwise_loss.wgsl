// A loss that is a mean over elements, with its gradient by the prediction: VALUE and GRADIENT are expressions of one
// prediction `p`, target `t` and PARAMETER, which every loss has. Each workgroup takes SPAN elements, SIZE at a time, and writes
// loss[workgroup] = LOSS_SCALE · Σ VALUE over its own; gradient = GRADIENT · GRADIENT_SCALE.

@group(0) @binding(0) var<storage, read> predictions: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;

override COUNT: u32;
override SPAN: u32;
override LOSS_SCALE: f32;
override GRADIENT_SCALE: f32;
override PARAMETER: f32;

// Elements that an invocation adds up before it adds them to its sum, so that rounding grows slowly.
const BLOCK = 64u;

// The smaller of sigmoid(p) and 1 - sigmoid(p), with all its digits.
fn tail(p: f32) -> f32 {
  let e = math_exp(-abs(p));
  return e / (1.0 + e);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_index(group_id);
  let end = min((group + 1u) * SPAN, COUNT);
  var total = 0.0;
  for (var block = group * SPAN + lane; block < end; block += SIZE * BLOCK) {
    var part = 0.0;
    for (var index = block; index < min(block + SIZE * BLOCK, end); index += SIZE) {
      let p = predictions[index];
      let t = targets[index];
      part += ${VALUE};
      gradient[index] = (${GRADIENT}) * GRADIENT_SCALE;
    }
    total += part;
  }
  total = sum_lanes(total, lane, SIZE);
  if (lane == 0u) {
    loss[group] = total * LOSS_SCALE;
  }
}
