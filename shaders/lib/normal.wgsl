// Φ⁻¹((word + ½) / 2³²): a standard normal number of 32 random bits, by the rational functions of PPND7 (Wichura, algorithm AS 241,
// Applied Statistics 37, 1988), whose part for p below 1.4e-11 no word needs.
//
// The halves are mirror images: `below` counts words from the nearer end, and p and q = ½ − p are each made of a whole number, so that
// neither the tails nor the middle lose digits. Error: 2 ε of the functions, 11 of log and root, 13 of the polynomials and the quotient: 26 ε.
fn normal_from_bits(word: u32) -> f32 {
  let is_high = word >= 0x80000000u;
  let below = select(word, ~word, is_high);
  let p = (f32(below) + 0.5) * 0x1p-32f;
  let q = (f32(0x7fffffffu - below) + 0.5) * 0x1p-32f;
  var z: f32;
  if (q <= 0.425) {
    let r = 0.180625 - q * q;
    let above = 3.3871327179 + r * (50.434271938 + r * (159.29113202 + r * 59.10937472));
    let under = 1.0 + r * (17.895169469 + r * (78.757757664 + r * 67.1875636));
    z = q * above / under;
  } else {
    let r = sqrt(-math_log(p)) - 1.6;
    let above = 1.4234372777 + r * (2.75681539 + r * (1.3067284816 + r * 0.17023821103));
    let under = 1.0 + r * (0.7370016425 + r * 0.12021132975);
    z = above / under;
  }
  return select(-z, z, is_high);
}
