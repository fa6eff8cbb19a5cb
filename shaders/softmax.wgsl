// Softmax, or its logarithm with LOGARITHM, along one axis of LENGTH elements, INNER apart from one to the next:
//   y = exp(x − max) / Σ exp(x − max),  log y = (x − max) − log Σ exp(x − max).
// LANES invocations share a line of LENGTH elements; a workgroup takes SIZE / LANES lines.

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

override LINES: u32;
override LENGTH: u32;
override INNER: u32;
override LANES: u32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = workgroup_index(group_id) * (SIZE / LANES) + lane / LANES;
  let live = line < LINES;
  let first = lane % LANES;
  let start = line / INNER * INNER * LENGTH + line % INNER;

  var highest = 0.0;
  if (live) {
    highest = input[start];
    for (var i = first; i < LENGTH; i += LANES) {
      highest = max(highest, input[start + i * INNER]);
    }
  }
  highest = max_lanes(highest, lane, LANES);

  var at_highest = 0.0;
  var below = 0.0;
  if (live) {
    for (var i = first; i < LENGTH; i += LANES) {
      let x = input[start + i * INNER];
      if (x == highest) {
        at_highest += 1.0;
      } else {
        below += math_exp(x - highest);
      }
    }
  }
  at_highest = sum_lanes(at_highest, lane, LANES);
  below = sum_lanes(below, lane, LANES);

  if (live) {
#if ${LOGARITHM}
    let logarithm = math_log1p(at_highest - 1.0 + below);
    for (var i = first; i < LENGTH; i += LANES) {
      output[start + i * INNER] = (input[start + i * INNER] - highest) - logarithm;
    }
#else
    let sum = at_highest + below;
    for (var i = first; i < LENGTH; i += LANES) {
      output[start + i * INNER] = math_exp(input[start + i * INNER] - highest) / sum;
    }
#endif
  }
}
