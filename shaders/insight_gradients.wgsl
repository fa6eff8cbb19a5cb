// What insight tells of the gradients and weights before an update: one record a chunk, one workgroup a chunk; and a copy of
// the weights, from which the length of the update is found afterwards. With REGULARIZER a weight's gradient is
// g + L2·w + L1·sign(w), as updates have it before their clip.
//
// An invocation takes four elements at a time; the padding behind a segment is 0, and is not counted among the zeros.
// partials: [largest finite |g| (f32), how many g are 0, kinds of non-finite g, e (i32) and Σ (w · 2^-e)² (f32), kinds of
// non-finite w, 0, 0] for each chunk; kinds are 1 for an infinity | 2 for a NaN.
// With HISTOGRAM: the counts of ⌊log2 |g|⌋ in 64 bins, as docs/experiment.md has them.

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(2) var<storage, read> chunks: array<u32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> partials: array<u32>;
@group(0) @binding(5) var<storage, read_write> copies: array<vec4f>;
#if ${HISTOGRAM}
@group(0) @binding(6) var<storage, read_write> histograms: array<u32>;

var<workgroup> bins: array<atomic<u32>, 64>;
#endif

override CHUNKS: u32;

const INFINITE = vec4u(0x7f800000u);
// Fours that an invocation adds up before it adds them to its sum.
const BLOCK = 16u;

var<workgroup> highest_gradient: atomic<u32>;
var<workgroup> highest_weight: atomic<u32>;
var<workgroup> zero_count: atomic<u32>;
var<workgroup> bad_gradients: atomic<u32>;
var<workgroup> bad_weights: atomic<u32>;

fn kinds_of(bits: vec4u) -> vec4u {
  return select(select(vec4u(0u), vec4u(2u), bits > INFINITE), vec4u(1u), bits == INFINITE);
}

fn any_of(kinds: vec4u) -> u32 {
  return kinds.x | kinds.y | kinds.z | kinds.w;
}

fn highest_of(bits: vec4u) -> u32 {
  return max(max(bits.x, bits.y), max(bits.z, bits.w));
}

#if ${HISTOGRAM}
// Bin 0 for 0, bin k for a floor of k − 46; what is not finite is in none. The exponent's bits are the floor plus 127.
fn count_bin(bits: u32) {
  if (bits < 0x7f800000u) {
    let k = clamp(i32(bits >> 23u) - 81, 1, 63);
    atomicAdd(&bins[select(u32(k), 0u, bits == 0u)], 1u);
  }
}
#endif

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (chunk >= CHUNKS) {
    return;
  }
  let begin = chunks[chunk * 8u];
  let end = begin + chunks[chunk * 8u + 1u];
#if ${REGULARIZER}
  let is_weight = f32(chunks[chunk * 8u + 3u] == 0u);
  let l2 = bitcast<f32>(step[4]) * is_weight;
  let l1 = bitcast<f32>(step[5]) * is_weight;
#endif

  var gradient_bits = vec4u();
  var weight_bits = vec4u();
  var gradient_kinds = vec4u();
  var weight_kinds = vec4u();
  var zeros = vec4u();
  for (var element = begin + 4u * lane; element < end; element += 4u * SIZE) {
    let index = element / 4u;
    let ours = vec4u(element) + vec4u(0u, 1u, 2u, 3u) < vec4u(end);
    let w = parameters[index];
    copies[index] = w;
    var g = gradients[index];
#if ${REGULARIZER}
    g += l2 * w + l1 * sign(w);
#endif
    let of_g = bitcast<vec4u>(g) & vec4u(0x7fffffffu);
    let of_w = bitcast<vec4u>(w) & vec4u(0x7fffffffu);
    gradient_bits = select(gradient_bits, max(gradient_bits, of_g), of_g < INFINITE);
    weight_bits = select(weight_bits, max(weight_bits, of_w), of_w < INFINITE);
    gradient_kinds |= kinds_of(of_g);
    weight_kinds |= kinds_of(of_w);
    zeros += select(vec4u(0u), vec4u(1u), ours & (of_g == vec4u(0u)));
#if ${HISTOGRAM}
    for (var at = 0u; at < 4u; at++) {
      if (ours[at]) {
        count_bin(of_g[at]);
      }
    }
#endif
  }
  atomicMax(&highest_gradient, highest_of(gradient_bits));
  atomicMax(&highest_weight, highest_of(weight_bits));
  atomicAdd(&zero_count, zeros.x + zeros.y + zeros.z + zeros.w);
  atomicOr(&bad_gradients, any_of(gradient_kinds));
  atomicOr(&bad_weights, any_of(weight_kinds));
  workgroupBarrier();

  let exponent = exponent_of(atomicLoad(&highest_weight));
  let scale = power_of_two(-exponent);
  var squares = 0.0;
  for (var block = begin / 4u + lane; block < (end + 3u) / 4u; block += SIZE * BLOCK) {
    var part = vec4f();
    for (var index = block; index < min(block + SIZE * BLOCK, (end + 3u) / 4u); index += SIZE) {
      let w = parameters[index];
      let finite = (bitcast<vec4u>(w) & INFINITE) != INFINITE;
      let scaled = select(vec4f(), w * scale, finite);
      part += scaled * scaled;
    }
    squares += (part.x + part.y) + (part.z + part.w);
  }
  squares = sum_lanes(squares, lane, SIZE);
  if (lane == 0u) {
    let at = chunk * 8u;
    partials[at] = atomicLoad(&highest_gradient);
    partials[at + 1u] = atomicLoad(&zero_count);
    partials[at + 2u] = atomicLoad(&bad_gradients);
    partials[at + 3u] = bitcast<u32>(exponent);
    partials[at + 4u] = bitcast<u32>(squares);
    partials[at + 5u] = atomicLoad(&bad_weights);
    partials[at + 6u] = 0u;
    partials[at + 7u] = 0u;
  }
#if ${HISTOGRAM}
  for (var bin = lane; bin < 64u; bin += SIZE) {
    histograms[chunk * 64u + bin] = atomicLoad(&bins[bin]);
  }
#endif
}
