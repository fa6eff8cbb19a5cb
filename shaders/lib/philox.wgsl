// Philox4x32-10 (Salmon et al., SC 2011): random bits from a counter and a key; the twin of src/core/philox.ts.
// key = (seed, stream), counter = (element, attemptedStep, node, 0).

// PHILOX_HIGH + x / 2^16, rounded down, x signed. Without a shift, which software adapters make one lane at a time: a multiple of 2^16
// is a float32 exactly, and so is its sum with 1.5 · 2^39, whose mantissa counts by 2^16.
const PHILOX_HIGH = 0x53400000u;
fn philox_high(x: u32) -> u32 {
  return bitcast<u32>(f32(bitcast<i32>(x & 0xffff0000u)) + 0x1.8p39f);
}

// High 32 bits of the product of 2^32 + a · 2^16 + b and x, a and b signed and short enough: with x = h · 2^16 + l it is
// x + a · h + (a · l + b · h + b · l / 2^16) / 2^16, each quotient rounded down, and with PHILOX_HIGH added what is in brackets fits 32 bits:
// it is between −1.38e9 and 1.93e9 for both factors of Philox.
fn philox_multiply_high(a: u32, b: u32, x: u32) -> u32 {
  let l = x & 0xffffu;
  let h = philox_high(x) & 0xffffu;
  let middle = a * l + b * h + philox_high(b * l);
  return x + a * h + philox_high(middle) - (PHILOX_HIGH + (PHILOX_HIGH >> 16u));
}

fn philox_round(c: vec4u, k: vec2u) -> vec4u {
  // 0xd2511f53 = 2^32 − 0x2daf · 2^16 + 0x1f53, 0xcd9e8d57 = 2^32 − 0x3261 · 2^16 − 0x72a9
  let high_0 = philox_multiply_high(0xffffd251u, 0x1f53u, c.x);
  let high_1 = philox_multiply_high(0xffffcd9fu, 0xffff8d57u, c.z);
  return vec4u(high_1 ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high_0 ^ c.w ^ k.y, 0xd2511f53u * c.x);
}

// Round by round: a variable that lives through a loop costs software adapters more than the arithmetic.
fn philox4x32(counter: vec4u, key: vec2u) -> vec4u {
  let more = vec2u(0x9e3779b9u, 0xbb67ae85u);
  let key_2 = key + more + more;
  let key_4 = key_2 + more + more;
  let key_6 = key_4 + more + more;
  let key_8 = key_6 + more + more;
  let c_2 = philox_round(philox_round(counter, key), key + more);
  let c_4 = philox_round(philox_round(c_2, key_2), key_2 + more);
  let c_6 = philox_round(philox_round(c_4, key_4), key_4 + more);
  let c_8 = philox_round(philox_round(c_6, key_6), key_6 + more);
  return philox_round(philox_round(c_8, key_8), key_8 + more);
}

// A multiple of 2^-24 in [0, 1): 24 bits fit a float32, so this is exact.
fn uniform_01(bits: u32) -> f32 {
  return f32(bits >> 8u) * 0x1p-24f;
}
