// The multi-class hinge loss of integer classes, with its gradient: for each row z of scores [ROWS, CLASSES], its label y
// and m_k = MARGIN − z_y + z_k for the classes k that are not y
//   loss = Σ max(0, m_k)^p,  gradient_k = m_k^(p−1) · GRADIENT_SCALE where m_k > 0, else 0,  gradient_y = −Σ gradient_k,
// p being 2 with SQUARED, else 1. LANES invocations share a row; a workgroup takes SIZE / LANES rows at a time, PASSES
// times, and writes loss[workgroup] = LOSS_SCALE · Σ of its rows' losses.
//
// NaN compares false, so that a hinge is shut only where it is known to be. A label that is no class makes its row NaN.

@group(0) @binding(0) var<storage, read> scores: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;

override ROWS: u32;
override CLASSES: u32;
override LANES: u32;
override PASSES: u32;
override LOSS_SCALE: f32;
override GRADIENT_SCALE: f32;
override MARGIN: f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup_index(group_id);
  let rows_at_once = SIZE / LANES;
  let first_class = lane % LANES;
  var total = 0.0;
  for (var pass_index = 0u; pass_index < PASSES; pass_index++) {
    let row = (group * PASSES + pass_index) * rows_at_once + lane / LANES;
    let live = row < ROWS;
    let start = row * CLASSES;
    var label = 0;
    var in_range = false;
    var row_loss = 0.0;
    var slope = 0.0;
    if (live) {
      label = labels[row];
      in_range = label >= 0 && label < i32(CLASSES);
      let class_y = select(0u, u32(label), in_range);
      let z_y = scores[start + class_y];
      for (var k = first_class; k < CLASSES; k += LANES) {
        if (k != class_y) {
          let difference = (scores[start + k] - z_y) + MARGIN;
          let hinge = select(difference, 0.0, difference <= 0.0);
#if ${SQUARED}
          row_loss += hinge * hinge;
          let own = hinge;
#else
          row_loss += hinge;
          let own = select(1.0, 0.0, difference <= 0.0);
#endif
          slope += own;
          gradient[start + k] = select(math_from_bits(own, 0x7fc00000u), own * GRADIENT_SCALE, in_range);
        }
      }
      total += select(math_from_bits(row_loss, 0x7fc00000u), row_loss, in_range);
    }
    slope = sum_lanes(slope, lane, LANES);
    if (live && first_class == 0u) {
      let at = start + select(0u, u32(label), in_range);
      gradient[at] = select(math_from_bits(slope, 0x7fc00000u), -slope * GRADIENT_SCALE, in_range);
    }
  }
  total = sum_lanes(total, lane, SIZE);
  if (lane == 0u) {
    loss[group] = total * LOSS_SCALE;
  }
}
