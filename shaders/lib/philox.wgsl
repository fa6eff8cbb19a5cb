// Philox4x32-10 (Salmon et al., SC 2011): random bits from a counter and a key; the twin of src/core/philox.ts.
// key = (seed, stream), counter = (element, attemptedStep, node, 0).

// High 32 bits of a 64-bit product, by 16-bit halves; no sum here passes 2^32.
fn philox_multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (carry >> 16u);
}

fn philox4x32(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high_0 = philox_multiply_high(0xd2511f53u, c.x);
    let high_1 = philox_multiply_high(0xcd9e8d57u, c.z);
    c = vec4u(high_1 ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high_0 ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

// A multiple of 2^-24 in [0, 1): 24 bits fit a float32, so this is exact.
fn uniform_01(bits: u32) -> f32 {
  return f32(bits >> 8u) * 0x1p-24f;
}
