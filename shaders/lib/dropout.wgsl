// Dropout's mask, a function of what names an element: element e is kept iff its uniform number, lane e % 4
// of the block with counter (e / 4, step, node, 0) and key (seed, dropout's stream), is at least the rate.
// F is f32 or vec4f. A vector's four elements lie in one block, so one call of Philox serves them.
fn dropout_block(element: U, seed: U, step: U, node: U) -> vec4u {
  return philox4x32(vec4u(vec4u(element).x / 4u, vec4u(step).x, vec4u(node).x, 0u), vec2u(vec4u(seed).x, 3u));
}

fn dropout_lane(block: vec4u, element: U) -> U {
  let lane = element % U(4u);
  let low = select(U(block.x), U(block.y), lane == U(1u));
  let high = select(U(block.z), U(block.w), lane == U(3u));
  return select(low, high, lane >= U(2u));
}

// The upper 24 bits are the uniform number times 2^24. They are compared as they stand, less 2^31, which float32 holds exactly:
// no shift, and no conversion of unsigned numbers, which take software adapters long. What is dropped becomes −0, which nothing kept is.
fn dropout_apply(x: F, bits: U, rate: F) -> F {
  let least = F((ceil(vec4f(rate).x * 0x1p24f) - 0x1p23f) * 256.0);
  let number = F(bitcast<I>((bits & U(0xffffff00u)) ^ U(0x80000000u)));
  let kept = bitcast<U>(x / (F(1.0) - rate));
  return bitcast<F>(select(U(0x80000000u), select(kept, U(0u), kept == U(0x80000000u)), number >= least));
}
