// What every update of the parameter arena begins with: the chunk that a workgroup owns, its numbers, and the gradient as
// the optimizer sees it, penalty and clip included.
//
// A clip scale is two factors, because one float32 cannot hold what a very long gradient is to be multiplied by: 2^exponent,
// mostly 1, comes first. With CLIP_SEGMENTS each parameter tensor has a scale of its own, behind the summary's 16
// words; with CLIP_VALUE elements are clamped instead. An invocation takes four elements at a time; the padding behind a segment stays as it is.

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> chunks: array<u32>;
@group(0) @binding(2) var<storage, read> summary: array<u32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;

override CHUNKS: u32;

const SIZE = ${SIZE}u; // invocations of the workgroup

struct Owned {
  begin: u32,
  end: u32,
  learning_rate: f32, // times the group's factor
  weight_decay: f32, // times the group's factor
  clip_scale: f32,
  clip_power: f32,
  l2: f32, // 0 but for weights
  l1: f32,
}

// Whether there is nothing to do: no such chunk, a step that is left out, or a frozen parameter.
fn is_idle(chunk: u32) -> bool {
  return chunk >= CHUNKS || summary[0] != 0u || chunks[chunk * 8u + 6u] == 0u;
}

fn power_of_clip(exponent: u32) -> f32 {
  return bitcast<f32>(u32(127 + bitcast<i32>(exponent)) << 23u);
}

fn owned_chunk(chunk: u32) -> Owned {
  let at = chunk * 8u;
  var owned: Owned;
  owned.begin = chunks[at];
  owned.end = owned.begin + chunks[at + 1u];
  owned.learning_rate = bitcast<f32>(summary[6]) * bitcast<f32>(chunks[at + 6u]);
  owned.weight_decay = bitcast<f32>(step[7]) * bitcast<f32>(chunks[at + 7u]);
#if ${CLIP_SEGMENTS}
  let own = 16u + 2u * chunks[at + 2u];
  owned.clip_scale = bitcast<f32>(summary[own]);
  owned.clip_power = power_of_clip(summary[own + 1u]);
#else
  owned.clip_scale = bitcast<f32>(summary[1]);
  owned.clip_power = power_of_clip(summary[7]);
#endif
  let is_weight = f32(chunks[at + 3u] == 0u);
  owned.l2 = bitcast<f32>(step[4]) * is_weight;
  owned.l1 = bitcast<f32>(step[5]) * is_weight;
  return owned;
}

// Which of the four elements from `element` on are the segment's own.
fn is_owned(owned: Owned, element: u32) -> vec4<bool> {
  return vec4u(element) + vec4u(0u, 1u, 2u, 3u) < vec4u(owned.end);
}

// The gradient of four elements; w are the parameters there.
fn clipped_gradient(owned: Owned, index: u32, w: vec4f) -> vec4f {
  var g = gradients[index];
#if ${REGULARIZER}
  g += owned.l2 * w + owned.l1 * sign(w);
#endif
#if ${CLIP_VALUE}
  let limit = bitcast<f32>(step[6]);
  let is_nan = (bitcast<vec4u>(g) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); // which clamp may hide
  return select(clamp(g, vec4f(-limit), vec4f(limit)), g, is_nan);
#else
  return owned.clip_scale * (owned.clip_power * g);
#endif
}
