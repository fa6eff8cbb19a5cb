// log(1 + x) for x >= 0, with all digits of a small x: as 2 · atanh(s), s = x / (2 + x), whose series in s² <= 1/9
// stops where a term is below 2^-26; from 1 on by log itself, to which rounding 1 + x does no harm.
fn log1p_positive(x: f32) -> f32 {
  if (x > 1.0) {
    return log(1.0 + x);
  }
  let s = x / (2.0 + x);
  let q = s * s;
  return 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * (1.0 / 13.0 + q / 15.0)))))));
}
