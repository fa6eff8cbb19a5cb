// Sums over neighbouring invocations of a workgroup by a fixed tree, so that equal inputs give equal bits.
// All invocations must call them. `width` is the same for all, a power of two, at most SIZE; with 1 nothing is done.

const SIZE = ${SIZE}u; // invocations of the workgroup
var<workgroup> lane_values: array<f32, SIZE>;

fn sum_lanes(value: f32, lane: u32, width: u32) -> f32 {
  var half = width / 2u;
  if (half == 0u) {
    return value;
  }
  lane_values[lane] = value;
  workgroupBarrier();
  for (; half > 0u; half /= 2u) {
    if (lane % width < half) {
      lane_values[lane] += lane_values[lane + half];
    }
    workgroupBarrier();
  }
  let sum = lane_values[lane / width * width];
  workgroupBarrier();
  return sum;
}

fn max_lanes(value: f32, lane: u32, width: u32) -> f32 {
  var half = width / 2u;
  if (half == 0u) {
    return value;
  }
  lane_values[lane] = value;
  workgroupBarrier();
  for (; half > 0u; half /= 2u) {
    if (lane % width < half) {
      lane_values[lane] = max(lane_values[lane], lane_values[lane + half]);
    }
    workgroupBarrier();
  }
  let highest = lane_values[lane / width * width];
  workgroupBarrier();
  return highest;
}
