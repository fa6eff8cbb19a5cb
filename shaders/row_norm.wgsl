// Normalisation of LINES lines of n elements, COLUMNS of F each; a row is GROUPS lines:
//   y = (x − mean) / √(variance + EPSILON) · gamma + beta, without CENTERED x / √(mean of x² + EPSILON) · gamma.
// gamma and beta are the feature's (FEATURE_SCALE, SHIFT); with LINE_SCALE gamma is the line's, times GAMMA_FACTOR.
// statistics, for each line: 1 / √(…), and with CENTERED the pivot and mean − pivot.
// LANES invocations share a line; a workgroup takes SIZE / LANES lines.
//
// A mean that is large beside the spread would cost its digits. So distances are taken, first from the line's first element,
// which tells the mean as well as one pass can, then from that, the pivot; what is left of the mean is kept beside it.
// The distances are scaled by a power of two taken from the largest of them, so that squares neither overflow nor vanish;
// LEAST_EXPONENT is that of a scale at which EPSILON alone counts.

${EPILOGUE}

@group(0) @binding(0) var<storage, read> x: array<F>;
@group(0) @binding(1) var<storage, read_write> statistics: array<f32>;
#if ${FEATURE_SCALE}
@group(0) @binding(2) var<storage, read> gamma: array<F>;
#endif
#if ${LINE_SCALE}
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
override GAMMA_FACTOR: f32;
#endif
#if ${SHIFT}
@group(0) @binding(3) var<storage, read> beta: array<F>;
#endif

override LINES: u32;
override COLUMNS: u32;
override GROUPS: u32;
override EPSILON: f32;
override LEAST_EXPONENT: u32;
const SIZE = ${SIZE}u;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = workgroup_index(group_id) * (SIZE / LANES) + lane / LANES;
  let begin = lane % LANES;
  let live = line < LINES;
  let start = line * COLUMNS;
  let share = 1.0 / (f32(COLUMNS) * f32(WIDTH));

  var pivot = 0.0;
  var sum = F(0.0);
  var largest = F(0.0);
  if (live) {
#if ${CENTERED}
    pivot = first_of(x[start]);
#endif
    for (var i = begin; i < COLUMNS; i += LANES) {
      let d = x[start + i] - F(pivot);
      sum += d * F(share);
      largest = max(largest, abs(d));
    }
  }
  let rough = combine_line(vec2f(total(sum), highest(largest)), true, lane);
#if ${CENTERED}
  pivot += rough.x;
#endif
  let exponent = clamp(bitcast<u32>(rough.y) >> 23u, LEAST_EXPONENT, 253u);
  let down = bitcast<f32>((254u - exponent) << 23u);

  sum = F(0.0);
  var squares = F(0.0);
  if (live) {
    for (var i = begin; i < COLUMNS; i += LANES) {
      let d = (x[start + i] - F(pivot)) * F(down);
      sum += d;
      squares += d * d;
    }
  }
  let sums = combine_line(vec2f(total(sum), total(squares)), false, lane);
  if (!live) {
    return;
  }
#if ${CENTERED}
  let shift = sums.x * share;
  let mean_square = max(sums.y - sums.x * shift, 0.0) * share + EPSILON * down * down;
#else
  let shift = 0.0;
  let mean_square = sums.y * share + EPSILON * down * down;
#endif
  // Nothing but a line of zeros without EPSILON has no size.
  let inverse = select(inverseSqrt(mean_square), 0.0, mean_square == 0.0);
  if (begin == 0u) {
    statistics[line] = inverse * down;
#if ${CENTERED}
    statistics[LINES + line] = pivot;
    statistics[2u * LINES + line] = shift * bitcast<f32>(exponent << 23u);
#endif
  }
#if ${LINE_SCALE}
  let factor = F(inverse * (gamma[line] * GAMMA_FACTOR));
#else
  let factor = F(inverse);
#endif
  let feature = line % GROUPS * COLUMNS;
  for (var i = begin; i < COLUMNS; i += LANES) {
    var y = ((x[start + i] - F(pivot)) * F(down) - F(shift)) * factor;
#if ${FEATURE_SCALE}
    y *= gamma[feature + i];
#endif
#if ${SHIFT}
    y += beta[feature + i];
#endif
    epilogue((start + i) * WIDTH, y);
  }
}
