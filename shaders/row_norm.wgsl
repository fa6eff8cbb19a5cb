// Normalisation of LINES lines of n elements, COLUMNS of F each; a row is GROUPS lines:
//   y = (x − mean) / √(variance + EPSILON) · gamma + beta, without CENTERED x / √(mean of x² + EPSILON) · gamma.
// gamma and beta are the feature's (FEATURE_SCALE, SHIFT); with LINE_SCALE gamma is the line's, times GAMMA_FACTOR.
// statistics, for each line: 1 / √(…), and with CENTERED the pivot and mean − pivot.
// LANES invocations share a line; a workgroup takes SIZE / LANES lines.
//
// A mean that is large beside the spread would cost its digits. So distances are taken from the line's first element, the pivot;
// what is left of the mean is kept beside it. One pass will do where the largest distance is within 2^±SAFE, so that squares
// neither overflow nor vanish, and where no more than three bits cancel between the sum of squares and the square of the sum.
// Else a second pass takes the mean that the first has found as pivot, and scales distances by a power of two from the largest of
// them; LEAST_EXPONENT is that of a scale at which EPSILON alone counts.

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
const SAFE = 40u;
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
  var squares = F(0.0);
  var largest = F(0.0);
  if (live) {
#if ${CENTERED}
    pivot = first_of(x[start]);
#endif
    for (var i = begin; i < COLUMNS; i += LANES) {
      let d = x[start + i] - F(pivot);
      sum += d * F(share);
      squares += d * d;
      largest = max(largest, abs(d));
    }
  }
  let rough = combine_line(vec3f(total(sum), total(squares), highest(largest)), lane);
  var exponent = bitcast<u32>(rough.z) >> 23u;
  let is_safe = exponent > 127u - SAFE && exponent < 127u + SAFE;
#if ${CENTERED}
  let spread = rough.y - rough.x * (rough.x / share);
  let is_good = is_safe && spread * 8.0 >= rough.y;
  pivot += select(rough.x, 0.0, is_good);
#else
  let is_good = is_safe;
#endif
  exponent = select(clamp(exponent, LEAST_EXPONENT, 253u), 127u, is_good);
  let down = bitcast<f32>((254u - exponent) << 23u);

  sum = F(0.0);
  squares = F(0.0);
  if (live && !is_good) {
    for (var i = begin; i < COLUMNS; i += LANES) {
      let d = (x[start + i] - F(pivot)) * F(down);
      sum += d;
      squares += d * d;
    }
  }
  let again = combine_line(vec3f(total(sum), total(squares), 0.0), lane);
  let sums = select(again.xy, vec2f(rough.x / share, rough.y), is_good);
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
