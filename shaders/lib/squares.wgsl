// Sums of squares as they come, over a chunk and then over a workgroup; each is sum · 4^exponent (lib/scaled.wgsl).
// SIZE is the count of the workgroup's invocations.

struct Squares {
  exponent: i32,
  sum: f32,
}

// Fours that an invocation adds up before it adds them to its sum: rounding then grows slowly.
const BLOCK = 16u;

const NO_SQUARES = Squares(-126, 0.0);

var<workgroup> lane_squares: array<Squares, SIZE>;

fn add_squares(total: Squares, values: vec4f) -> Squares {
  let bits = bitcast<vec4u>(values) & vec4u(0x7fffffffu);
  let highest = exponent_of(max(max(bits.x, bits.y), max(bits.z, bits.w)));
  let exponent = max(total.exponent, highest);
  let scaled = values * power_of_two(-exponent);
  let squares = scaled * scaled;
  return Squares(exponent, shrunk(total.sum, total.exponent - exponent) + ((squares.x + squares.y) + (squares.z + squares.w)));
}

fn join_squares(a: Squares, b: Squares) -> Squares {
  let exponent = max(a.exponent, b.exponent);
  return Squares(exponent, shrunk(a.sum, a.exponent - exponent) + shrunk(b.sum, b.exponent - exponent));
}

// Over all invocations, which must all call it.
fn sum_squares(value: Squares, lane: u32) -> Squares {
  lane_squares[lane] = value;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      lane_squares[lane] = join_squares(lane_squares[lane], lane_squares[lane + half]);
    }
    workgroupBarrier();
  }
  let all = lane_squares[0];
  workgroupBarrier();
  return all;
}
