// Layer and RMS norm in a stack (stack.wgsl): an invocation takes whole rows of a tile.
#if ${NORMS}
// How a row is normalised: x̂ = ((x − pivot) − rest) · scale.
struct Line {
  scale: f32,
  pivot: f32,
  rest: f32,
}

fn total(value: vec4f) -> f32 {
  return (value.x + value.y) + (value.z + value.w);
}

fn normalized(x: vec4f, line: Line) -> vec4f {
  return ((x - vec4f(line.pivot)) - vec4f(line.rest)) * line.scale;
}

#if ${BACKWARD}
fn saved_line(number: u32, row: u32) -> Line {
  let line = saved[LINES + number * ROWS + min(first_row + row, ROWS - 1u)];
  return Line(line.x, line.y, line.z);
}

// Σ over a row's fours, as a part of its features.
fn mean_of(sum: vec4f) -> f32 {
  return total(sum) / f32(WIDTH);
}

// The gradient by x, of g, the gradient by x̂ = hat: less its mean, where x was centred, and its share along x̂, the mean of g · x̂.
fn norm_gradient(g: vec4f, hat: vec4f, mean: f32, share: f32, line: Line) -> vec4f {
  return ((g - vec4f(mean)) - hat * share) * line.scale;
}
#else
#if ${KEEPS}
fn keep_line(number: u32, row: u32, line: Line) {
  if (first_row + row < ROWS) {
    kept[LINES + number * ROWS + first_row + row] = vec4f(line.scale, line.pivot, line.rest, 0.0);
  }
}
#endif

// As in row_norm: distances from the first element, then from the mean that these tell, scaled by a power of two.
fn measure(base: u32, centered: bool, epsilon: f32, least_exponent: u32) -> Line {
  let share = 1.0 / f32(WIDTH);
  var pivot = select(0.0, tiles[base].x, centered);
  var sum = vec4f(0.0);
  var largest = vec4f(0.0);
  for (var column = 0u; column < COLUMNS; column++) {
    let d = within(column, tiles[base + column] - vec4f(pivot));
    sum += d * share;
    largest = max(largest, abs(d));
  }
  if (centered) {
    pivot += total(sum);
  }
  let most = max(max(largest.x, largest.y), max(largest.z, largest.w));
  let exponent = clamp(bitcast<u32>(most) >> 23u, least_exponent, 253u);
  let down = bitcast<f32>((254u - exponent) << 23u);
  sum = vec4f(0.0);
  var squares = vec4f(0.0);
  for (var column = 0u; column < COLUMNS; column++) {
    let d = within(column, (tiles[base + column] - vec4f(pivot)) * down);
    sum += d;
    squares += d * d;
  }
  let shift = select(0.0, total(sum) * share, centered);
  let mean_square = max(total(squares) - total(sum) * shift, 0.0) * share + epsilon * down * down;
  let inverse = select(inverseSqrt(mean_square), 0.0, mean_square == 0.0);
  return Line(inverse * down, pivot, shift * bitcast<f32>(exponent << 23u));
}
#endif
#endif
