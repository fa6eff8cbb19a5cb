// Functions that WGSL lacks or leaves inexact, on the alias F (f32 or vec4f).

// eˣ − 1 without cancellation: x = k·ln 2 + r, |r| ≤ ln 2 / 2, and a Taylor sum in r (remainder below 6e-10 of r).
fn math_expm1(x: F) -> F {
  let bounded = clamp(x, F(-87.0), F(88.0));
  let k = round(bounded * F(1.4426950408889634));
  let r = (bounded - k * F(0.693359375)) + k * F(0.00021219444005469);
  let tail = F(1.0 / 24.0) + r * (F(1.0 / 120.0) + r * (F(1.0 / 720.0) + r * (F(1.0 / 5040.0) + r * F(1.0 / 40320.0))));
  let p = r + r * r * (F(0.5) + r * (F(1.0 / 6.0) + r * tail));
  let power = bitcast<F>((I(k) + I(127)) << U(23u));
  return power * p + (power - F(1.0));
}

// sign(x) · t / (t + 2) with t = e^(2|x|) − 1.
fn math_tanh(x: F) -> F {
  let t = math_expm1(min(abs(x), F(10.0)) * F(2.0));
  let y = t / (t + F(2.0));
  return select(y, -y, x < F(0.0));
}

// 1 / (1 + e⁻ˣ), by the exponential that cannot overflow.
fn math_sigmoid(x: F) -> F {
  let e = exp(-abs(x));
  return select(F(1.0), e, x < F(0.0)) / (F(1.0) + e);
}
