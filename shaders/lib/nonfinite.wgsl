// Non-finite numbers by their bits: comparisons, min, max and products may hide them.

fn is_nonfinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
}

// NaN, which no constant expression may be: `zero` is 0, and not known when the shader is compiled.
fn not_a_number(zero: u32) -> f32 {
  return bitcast<f32>(0x7fc00000u | zero);
}
