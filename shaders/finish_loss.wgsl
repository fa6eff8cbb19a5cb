// loss = LOSS_SCALE · Σ of COUNT partial sums, by one workgroup.

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read_write> loss: array<f32>;

override COUNT: u32;
override LOSS_SCALE: f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var index = lane; index < COUNT; index += SIZE) {
    total += partials[index];
  }
  total = sum_lanes(total, lane, SIZE);
  if (lane == 0u) {
    loss[0] = total * LOSS_SCALE;
  }
}
