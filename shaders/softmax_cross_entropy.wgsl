// Softmax cross-entropy of integer classes, with its gradient: for each row z of logits [ROWS, CLASSES] and its label y
//   loss = log Σ exp(z_c) − z_y,  gradient_c = (softmax(z)_c − [c = y]) · GRADIENT_SCALE.
// LANES invocations share a row; a workgroup takes SIZE / LANES rows at a time, PASSES times, and writes
// loss[workgroup] = LOSS_SCALE · Σ of its rows' losses.
//
// With SMOOTH, labels are smoothed by ε = SMOOTHING: the label's class has the share 1 − ε, and ε is spread over all, so that
//   loss = log Σ exp(z_c) − (1 − ε) z_y − ε · mean z,  gradient_c = (softmax(z)_c − (1 − ε)[c = y] − ε / CLASSES) · GRADIENT_SCALE.
//
// The largest logit is taken out, so that exp cannot overflow, and counted apart: with n logits at the maximum,
// log Σ exp = max + log1p(n − 1 + Σ of the others), and 1 − softmax(z)_y is a sum of what is not y. Both keep their
// digits when the net is sure. A label that is no class makes its row NaN.

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;

override ROWS: u32;
override CLASSES: u32;
override LANES: u32;
override PASSES: u32;
override LOSS_SCALE: f32;
override GRADIENT_SCALE: f32;
#if ${SMOOTH}
override SMOOTHING: f32;
#endif

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

    var highest = 0.0;
    if (live) {
      highest = logits[start];
      for (var c = first_class; c < CLASSES; c += LANES) {
        highest = max(highest, logits[start + c]);
      }
    }
    highest = max_lanes(highest, lane, LANES);

    var at_highest = 0.0;
    var below = 0.0;
#if ${SMOOTH}
    var distance = 0.0; // of all classes from the highest
#endif
    if (live) {
      for (var c = first_class; c < CLASSES; c += LANES) {
        let z = logits[start + c];
#if ${SMOOTH}
        distance += highest - z;
#endif
        if (z == highest) {
          at_highest += 1.0;
        } else {
          below += math_exp(z - highest);
        }
      }
    }
    at_highest = sum_lanes(at_highest, lane, LANES);
    below = sum_lanes(below, lane, LANES);
#if ${SMOOTH}
    distance = sum_lanes(distance, lane, LANES);
#endif

    if (live) {
      let label = labels[row];
      let in_range = label >= 0 && label < i32(CLASSES);
      let class_y = select(0u, u32(label), in_range);
      let sum = at_highest + below;
      let z_y = logits[start + class_y];
      let not_y = select(sum - math_exp(z_y - highest), at_highest - 1.0 + below, z_y == highest);
      if (first_class == 0u) {
#if ${SMOOTH}
        let misfit = (1.0 - SMOOTHING) * (highest - z_y) + SMOOTHING / f32(CLASSES) * distance;
#else
        let misfit = highest - z_y;
#endif
        let row_loss = math_log1p(at_highest - 1.0 + below) + misfit;
        total += select(math_from_bits(row_loss, 0x7fc00000u), row_loss, in_range);
      }
      for (var c = first_class; c < CLASSES; c += LANES) {
        let p = select(math_exp(logits[start + c] - highest), -not_y, c == class_y) / sum;
#if ${SMOOTH}
        let slope = p + (select(0.0, SMOOTHING, c == class_y) - SMOOTHING / f32(CLASSES));
#else
        let slope = p;
#endif
        gradient[start + c] = select(math_from_bits(p, 0x7fc00000u), slope * GRADIENT_SCALE, in_range);
      }
    }
  }
  total = sum_lanes(total, lane, SIZE);
  if (lane == 0u) {
    loss[group] = total * LOSS_SCALE;
  }
}
