// Weight decay, as optimizers have it that know it in two ways: in the gradient, or beside it. It reads with lib/update.wgsl.

override DECOUPLED: u32;

// The gradient of four elements after penalty and clip, weight decay in it; with DECOUPLED it is w, the parameters there, that decays.
fn decayed_gradient(owned: Owned, index: u32, w: ptr<function, vec4f>) -> vec4f {
  let d = clipped_gradient(owned, index, *w);
  if (DECOUPLED == 1u) {
    *w -= owned.learning_rate * owned.weight_decay * *w;
    return d;
  }
  return d + owned.weight_decay * *w;
}
