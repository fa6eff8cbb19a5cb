// Sums of squares that neither overflow nor vanish: held as squares · 4^exponent, the exponent from the largest magnitude.

// 2^e, within the normal numbers.
fn power_of_two(e: i32) -> f32 {
  return bitcast<f32>(u32(clamp(e, -126, 127) + 127) << 23u);
}

// The exponent by which numbers are divided whose largest magnitude has these bits; within ±126, so that 2^-e is a normal number.
fn exponent_of(highest_bits: u32) -> i32 {
  return clamp(i32(highest_bits >> 23u) - 127, -126, 126);
}

// squares · 4^difference for a difference of at most 0; what is 2^-126 of the other is nothing.
fn shrunk(squares: f32, difference: i32) -> f32 {
  return select(0.0, squares * power_of_two(2 * difference), difference > -63);
}
