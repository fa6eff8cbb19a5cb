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

// ln(1 + x) for x ≥ −0.5, by 2·artanh(x / (2 + x)) up to 1 (remainder below 2e-9), and by log above.
fn math_log1p(x: F) -> F {
  let s = x / (F(2.0) + x);
  let q = s * s;
  let tail = F(1.0 / 9.0) + q * (F(1.0 / 11.0) + q * (F(1.0 / 13.0) + q * F(1.0 / 15.0)));
  let near = F(2.0) * s * (F(1.0) + q * (F(1.0 / 3.0) + q * (F(1.0 / 5.0) + q * (F(1.0 / 7.0) + q * tail))));
  return select(near, log(F(1.0) + x), x > F(1.0));
}

// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)
fn math_softplus(x: F) -> F {
  return max(x, F(0.0)) + math_log1p(exp(-abs(x)));
}

// Maclaurin's series of erf, for |x| ≤ 1 (remainder below 2e-9).
fn math_erf_near(x: F) -> F {
  let q = x * x;
  let tail = F(1.0 / 9360.0) + q * (F(-1.0 / 75600.0) + q * (F(1.0 / 685440.0) + q * F(-1.0 / 6894720.0)));
  let sum = F(1.0) + q * (F(-1.0 / 3.0) + q * (F(1.0 / 10.0) + q * (F(-1.0 / 42.0) + q * (F(1.0 / 216.0) + q * (F(-1.0 / 1320.0) + q * tail)))));
  return F(1.1283791670955126) * x * sum;
}

// erfc for z ≥ 1: t·exp(−z² + p(t)), t = 1 / (1 + z/2); p fitted by least squares on Chebyshev nodes to ln(erfc(z)·e^(z²) / t), error 1.5e-8.
fn math_erfc_far(z: F) -> F {
  let t = F(1.0) / (F(1.0) + F(0.5) * z);
  let high = F(0.0245127584785223) + t * (F(-0.564050555229187) + t * (F(0.7243212461471558) + t * F(-0.264356791973114)));
  let p = F(-1.2655082941055298) + t * (F(0.9999210834503174) + t * (F(0.37545788288116455) + t * (F(0.08470377326011658) + t * (F(-0.11644264310598373) + t * high))));
  return t * exp(p) * exp(-z * z);
}

fn math_erfc(x: F) -> F {
  let far = math_erfc_far(clamp(abs(x), F(1.0), F(10.0)));
  let outer = select(far, F(2.0) - far, x < F(0.0));
  return select(outer, F(1.0) - math_erf_near(x), abs(x) < F(1.0));
}
