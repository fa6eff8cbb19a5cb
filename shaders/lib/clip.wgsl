// What a clip or a constraint multiplies by: factors of norms that may be beyond what a float32 holds.

// A norm, root · 2^exponent.
struct Norm {
  root: f32,
  exponent: i32,
}

// Multiplies by 2^exponent first, then by factor: their product may be no normal number. Mostly the exponent is 0.
struct Scale {
  factor: f32,
  exponent: i32,
}

const WHOLE = Scale(1.0, 0);

fn is_longer(norm: Norm, limit: f32) -> bool {
  if (norm.exponent > 60) {
    return norm.root > limit * power_of_two(-norm.exponent);
  }
  return norm.root * power_of_two(norm.exponent) > limit;
}

// limit / norm, for a norm that is not 0. What lies beyond 2^±100 is left to the exponent.
fn quotient(limit: f32, norm: Norm) -> Scale {
  let own = exponent_of(bitcast<u32>(limit));
  let shift = own - norm.exponent;
  let kept = clamp(shift, -100, 100);
  return Scale(limit * power_of_two(-own) / norm.root * power_of_two(kept), shift - kept);
}

// min(1, limit / (norm + epsilon)), for an epsilon of at most 1e-6, which is nothing beside 2^20.
fn shortened(limit: f32, norm: Norm, epsilon: f32) -> Scale {
  if (norm.exponent <= 20) {
    return Scale(min(1.0, limit / (norm.root * power_of_two(norm.exponent) + epsilon)), 0);
  }
  if (is_longer(norm, limit)) {
    return quotient(limit, norm);
  }
  return WHOLE;
}
