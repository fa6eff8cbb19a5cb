// Dropout's mask, made again wherever it is needed and never stored: element e is kept iff its uniform number, lane e % 4
// of the block with counter (e / 4, step, node, 0) and key (seed, dropout's stream), is at least the rate.
// F is f32 or vec4f. A vector's four elements lie in one block, so one call of Philox serves them.
fn dropout_apply(x: F, index: U, rate: F, seed: U, step: U, node: U) -> F {
  let block = philox4x32(vec4u(vec4u(index).x / 4u, vec4u(step).x, vec4u(node).x, 0u), vec2u(vec4u(seed).x, 3u));
  let lane = index % U(4u);
  let low = select(U(block.x), U(block.y), lane == U(1u));
  let high = select(U(block.z), U(block.w), lane == U(3u));
  let bits = select(low, high, lane >= U(2u));
  let uniform_number = F(bits >> U(8u)) * F(0x1p-24f);
  return select(F(0.0), x / (F(1.0) - rate), uniform_number >= rate);
}
