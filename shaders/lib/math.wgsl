// Functions that WGSL lacks or leaves inexact, on the alias F (f32 or vec4f), I and U: the planner takes what an expression mentions.
//
// WGSL lets exp be off by 3 + 2|x| ULP, log by 2⁻²¹ near 1, and tanh by 1e-5, each adapter in its own way. These are built from
// operations that WGSL rounds correctly (+ − ·), from division (2.5 ULP), and from bits, so that one bound holds everywhere. The bounds
// are relative, in units of ε = 2⁻²⁴, and test/gpu/math.test.ts holds each function to its bound over dense grids. The largest error of
// each polynomial, before rounding, stands beside it. Subnormal numbers count as 0, because adapters may flush them. NaN gives NaN.

// x, or where it is no number, that: NaN may be lost in clamp, min and max.
fn math_keep_nan(value: F, x: F) -> F {
  return select(value, x, (bitcast<U>(x) & U(0x7fffffffu)) > U(0x7f800000u));
}

// The number of those bits: constants may not be infinite or NaN, and nothing of `x` goes into it.
fn math_from_bits(x: F, bits: u32) -> F {
  return bitcast<F>((bitcast<U>(x) & U(0u)) | U(bits));
}

// PyTorch's: NaN where one is.
fn math_maximum(a: F, b: F) -> F {
  return math_keep_nan(math_keep_nan(max(a, b), b), a);
}

fn math_minimum(a: F, b: F) -> F {
  return math_keep_nan(math_keep_nan(min(a, b), b), a);
}

// Towards 0; what is out of range goes to its nearest end.
fn math_to_i32(x: F) -> I {
  return I(clamp(x, F(-2147483648.0), F(2147483520.0)));
}

fn math_to_u32(x: F) -> U {
  return U(clamp(x, F(0.0), F(4294967040.0)));
}

// What is left of a when whole multiples of b are taken from it, with the sign of b; % leaves that of a.
fn math_remainder_f32(a: F, b: F) -> F {
  let rest = a % b;
  return select(rest, rest + b, rest * sign(b) < F(0.0));
}

fn math_remainder_i32(a: I, b: I) -> I {
  let rest = a % b;
  return select(rest, rest + b, (rest != I(0)) & ((rest ^ b) < I(0)));
}

// 2ʲ for whole j from −126 to 127. Without a shift, which software adapters make one lane at a time: the last bits of 1.5·2²³ + j count
// from j = 0, and what stands before them goes where 2²³ times it has no bits.
fn math_power_of_two(j: F) -> F {
  return bitcast<F>((bitcast<U>(j + F(12582912.0)) + U(127u)) * U(0x800000u));
}

// eˣ·2ᵏ for whole k, |k| ≤ 300. x = j·ln 2 + r, |r| ≤ 0.3466, and eʳ = 1 + r + r²·p(r) (3.6e-9). j may go either way from a half:
// floor takes a software adapter one operation, round ten. ln 2 is taken in two parts, the first of 10 bits, so that j times it is exact
// while |j| ≤ 2¹⁴. 2^(j+k) is applied in two factors: it may be below or above what has bits.
// Error: 2 ε of rounding in r (|r| ≤ 0.35, 0.7 ε of it passed on), p, and the last sum: 3 ε, above the subnormal numbers.
fn math_scaled_exp(x: F, k: F) -> F {
  let j = floor(x * F(1.4426950408889634) + F(0.5));
  let r = (x - j * F(0.693359375)) - j * F(-0.00021219444005469);
  let p = F(0.5) + r * (F(0.16666506) + r * (F(0.04166617) + r * (F(0.00837032) + r * F(0.0013952970))));
  let power = clamp(j + k, F(-280.0), F(280.0));
  let half = floor(power * F(0.5));
  return (F(1.0) + (r + r * r * p)) * math_power_of_two(half) * math_power_of_two(power - half);
}

// eˣ. Past 89 it is infinite, below −104 zero. Error: 3 ε.
fn math_exp(x: F) -> F {
  return math_keep_nan(math_scaled_exp(clamp(x, F(-104.0), F(89.0)), F(0.0)), x);
}

// eˣ − 1 = 2ʲ·q + (2ʲ − 1), q = eʳ − 1 = r + r²·p(r) (1.5e-8 of it). All is halved, because 2¹²⁸ has no bits, and doubled at the end.
// Where j is 0, q is the result, which halved might be flushed; where j is 1, q (|q| ≤ 0.29 if negative) meets 0.5 and may lose 1.5 bits.
// Error: 6 ε.
fn math_expm1(x: F) -> F {
  let bounded = clamp(x, F(-20.0), F(89.0));
  let j = floor(bounded * F(1.4426950408889634) + F(0.5));
  let r = (bounded - j * F(0.693359375)) - j * F(-0.00021219444005469);
  let p = F(0.49999997) + r * (F(0.16666533) + r * (F(0.041667245) + r * (F(0.008367854) + r * F(0.0013882265))));
  let q = r + r * r * p;
  let scale = math_power_of_two(j - F(1.0));
  return math_keep_nan(select(F(2.0) * (scale * q + (scale - F(0.5))), q, j == F(0.0)), x);
}

// ln(1 + f) for −0.293 ≤ f ≤ 0.415: with z = f / (2 + f), it is f − z·(f − z²·p(z²)) (8.4e-10): the quotient's error meets a factor of
// at most 0.21. Error: 3 ε.
fn math_log_near(f: F) -> F {
  let z = f / (F(2.0) + f);
  let w = z * z;
  let p = F(0.6666678) + w * (F(0.3997708) + w * F(0.2988519));
  return f - z * (f - w * p);
}

// The exponent of x > 0 for which x / 2^exponent is in [√½, √2).
fn math_exponent(x: F) -> I {
  return (bitcast<I>(x) - I(0x3f3504f3)) >> U(23u);
}

// x / 2^exponent
fn math_mantissa(x: F, exponent: I) -> F {
  return bitcast<F>(bitcast<I>(x) - (exponent << U(23u)));
}

// What a logarithm is at 0, below, and at infinity and NaN.
fn math_log_edges(value: F, x: F) -> F {
  let bits = bitcast<I>(x);
  let above = select(value, x, bits >= I(0x7f800000));
  let below = select(above, math_from_bits(x, 0x7fc00000u), bits < I(0));
  return select(below, math_from_bits(x, 0xff800000u), (bits & I(0x7fffffff)) < I(0x00800000));
}

// ln x = e·ln 2 + ln m, m in [√½, √2): where e is not 0, the sum is at least half of its larger part. −∞ at 0, NaN below. Error: 4 ε.
fn math_log(x: F) -> F {
  let exponent = math_exponent(x);
  let e = F(exponent);
  let near = math_log_near(math_mantissa(x, exponent) - F(1.0));
  return math_log_edges(e * F(0.693359375) + (near + e * F(-0.00021219444005469)), x);
}

// ln(1 + x): as long as 1 + x is in [√½, √2) the series takes x itself, which the sum would round; elsewhere that costs 3 ε. Error: 7 ε.
fn math_log1p(x: F) -> F {
  let sum = F(1.0) + x;
  let exponent = math_exponent(sum);
  let e = F(exponent);
  let near = math_log_near(select(math_mantissa(sum, exponent) - F(1.0), x, exponent == I(0)));
  return math_log_edges(e * F(0.693359375) + (near + e * F(-0.00021219444005469)), sum);
}

// x + x³·p(x²) (4.1e-9) up to 0.625, and 1 − 2 / (e^(2|x|) + 1) above, where what is subtracted, off by 9 ε, is at most 0.8 of the
// result. Error: 8 ε. The exponential is that of math_scaled_exp, whose power of two is one factor here.
fn math_tanh(x: F) -> F {
  let a = abs(x);
  let w = x * x;
  let bounded = min(a, F(10.0));
  let j = floor(bounded * F(2.8853900817779268) + F(0.5));
  let r = (F(2.0) * bounded - j * F(0.693359375)) - j * F(-0.00021219444005469);
  let q = F(0.5) + r * (F(0.16666506) + r * (F(0.04166617) + r * (F(0.00837032) + r * F(0.0013952970))));
  let e = (F(1.0) + (r + r * r * q)) * math_power_of_two(j);
  let p = F(-0.33333284) + w * (F(0.13331491) + w * (F(-0.053743497) + w * (F(0.020650579) + w * F(-0.005717037))));
  let far = F(1.0) - F(2.0) / (e + F(1.0));
  let y = select(far, a + a * w * p, a < F(0.625));
  return math_keep_nan(bitcast<F>(bitcast<U>(y) | (bitcast<U>(x) & U(0x80000000u))), x);
}

// 1 / (1 + e⁻ˣ) = eˣ / (1 + eˣ), by the exponential that cannot overflow. Error: 3 + 2.5 + 5 of the division: 11 ε.
fn math_sigmoid(x: F) -> F {
  let e = math_exp(-abs(x));
  return select(F(1.0), e, x < F(0.0)) / (F(1.0) + e);
}

// tanh(ln(1 + eˣ)) = n / (n + r), with u = e^−|x|: n = u² + 2u and r = 2 below 0, n = 1 + 2u and r = 2u² above. Error: 12 ε.
fn math_mish_gate(x: F) -> F {
  let u = math_exp(-abs(x));
  let n = select(F(1.0) + F(2.0) * u, u * (u + F(2.0)), x < F(0.0));
  return n / (n + select(F(2.0) * u * u, F(2.0), x < F(0.0)));
}

// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|), two positive numbers. Error: 11 ε.
fn math_softplus(x: F) -> F {
  return max(x, F(0.0)) + math_log1p(math_exp(-abs(x)));
}

// erfc(a)·e^(a²) for a ≥ 0, a polynomial in t = (a − 2.5) / (a + 2.5) (2.1e-9 up to 10.5). An error of t, 7 ε of it, weighs at most
// 1.8-fold. Error: 15 ε.
fn math_scaled_erfc(a: F) -> F {
  let t = (a - F(2.5)) / (a + F(2.5));
  let high = F(-0.0026460275) + t * (F(0.0008678698) + t * (F(0.00023642823) + t * (F(-0.00010990529) + t * F(-0.000037015263))));
  let low = F(-0.12503321) + t * (F(0.039923146) + t * (F(-0.0039920206) + t * high));
  return F(0.21080637) + t * (F(-0.37173674) + t * (F(0.25171316) + t * low));
}

// x + x·p(x²) (1.4e-9) up to 0.75, and 1 − erfc|x| above, where erfc is at most 0.4 of it. Error: 9 ε.
fn math_erf(x: F) -> F {
  let a = min(abs(x), F(10.0));
  let w = a * a;
  let p = F(0.12837917) + w * (F(-0.3761262) + w * (F(0.11283377) + w * (F(-0.026834624) + w * (F(0.0051143453) + w * F(-0.00067495124)))));
  let y = select(F(1.0) - math_scaled_erfc(a) * math_exp(-w), a + a * p, a < F(0.75));
  return math_keep_nan(bitcast<F>(bitcast<U>(y) | (bitcast<U>(x) & U(0x80000000u))), x);
}

// Φ(x), the normal distribution function: erfc(|x|/√2)/2, or 1 − that. x² is rounded, and the exponential turns that into a relative
// error: 22 + x²/2 ε.
fn math_normal_cdf(x: F) -> F {
  let tail = F(0.5) * math_scaled_erfc(min(abs(x) * F(0.70710677), F(20.0))) * math_exp(x * x * F(-0.5));
  return math_keep_nan(select(F(1.0) - tail, tail, x < F(0.0)), x);
}

// x^p. |x| = 2ᵉ·m with m in [√½, √2), and the power is 2^(p·e)·exp(p·ln m). p is cut in two by its bits, so that p·e = whole + rest is
// exact, and the error does not grow with e. A negative base has a power where p is whole; x⁰ is 1 for every x, NaN too.
// Error: 6 + 2|p| ε for |p| ≤ 1000 where the power is a normal number.
fn math_pow(x: F, p: F) -> F {
  let a = abs(x);
  let exponent = math_exponent(a);
  let e = F(exponent);
  let log_m = math_log_near(math_mantissa(a, exponent) - F(1.0));
  let high = bitcast<F>(bitcast<U>(p) & U(0xfffff000u));
  let low = p - high;
  let whole = round(p * e);
  let rest = (high * e - whole) + low * e;
  let natural = clamp(rest * F(0.6931471805599453) + p * log_m, F(-8000.0), F(8000.0));
  let magnitude = math_scaled_exp(natural, clamp(whole, F(-100000.0), F(100000.0)));
  // Where the parts are beyond what the above can hold, this tells on which side.
  let rough = p * (log_m + e * F(0.6931471805599453));
  let zero = F(0.0);
  let infinite = math_from_bits(x, 0x7f800000u);
  let empty = a < F(1.1754943508222875e-38);
  let endless = (bitcast<U>(a) == U(0x7f800000u));
  var y = select(magnitude, infinite, rough > F(90.0));
  y = select(y, zero, rough < F(-105.0));
  y = select(y, select(infinite, zero, p > zero), empty);
  y = select(y, select(zero, infinite, p > zero), endless);
  let whole_p = floor(p) == p;
  let odd = floor(p * F(0.5)) * F(2.0) != p;
  let signed = select(y, select(math_from_bits(x, 0x7fc00000u), select(y, -y, odd), whole_p), x < zero);
  return select(math_keep_nan(math_keep_nan(signed, p), x), F(1.0), p == zero);
}
