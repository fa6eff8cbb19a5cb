// C[b, m, n] = Σ_k A[b, m, k] · B[b, k, n] (+ bias[n]), each value handed to `epilogue`, which stores it. For real GPUs.
// With ROW_SUM also row_sum[b, m] = Σ_k A[b, m, k]: the gradient of a bias comes with that of its weight.
// The operands are in lib/matmul.wgsl.
//
// A workgroup owns SPAN × SPAN elements of C, an invocation 8 rows × 4 columns of them: for 64, 16 × 8 invocations.
// Along K it goes in slabs of 16: all load blocks of 4 × 4 into workgroup memory, wait, and each multiplies what its
// rows and columns need. What a slab holds beyond K is zero, in both operands, for 0 times infinity is not 0.

const SPAN = ${SPAN}u;
const SLAB = 16u;
const TILE_M = 8u;
const TILE_N = 4u;
const GROUP_X = SPAN / TILE_N;
const GROUP_Y = SPAN / TILE_M;
const LINE = SPAN / 4u; // vectors of one k
const BLOCKS = LINE * SLAB / 4u; // of one operand
override GROUPS_N: u32 = (N + SPAN - 1u) / SPAN;
override GROUPS_M: u32 = (M + SPAN - 1u) / SPAN;

// By k, then by row of A or column of B, in fours.
var<workgroup> a_slab: array<vec4f, LINE * SLAB>;
var<workgroup> b_slab: array<vec4f, LINE * SLAB>;

// Which block of a slab a load is of, in fours along the span, and k: neighbours load what are neighbours in memory.
fn across(at: u32) -> vec2u {
  return vec2u(at % LINE, at / LINE * 4u);
}

fn along(at: u32) -> vec2u {
  return vec2u(at / (SLAB / 4u), at % (SLAB / 4u) * 4u);
}

// Blocks that may reach past K.
fn a_block_within(begin: u32, m: u32, k: u32) -> mat4x4f {
  let starts = a_starts(begin, m);
  if (k + 4u <= K) {
    return a_block(starts, k);
  }
  var block = mat4x4f();
#if ${K_TAIL}
  // By k first, which is a row of the transposed block.
  for (var at = 0u; at < 4u && k + at < K; at++) {
    block[at] = a_four(starts, k + at);
  }
#endif
  return transpose(block);
}

fn b_block_within(begin: u32, k: u32, n: u32) -> mat4x4f {
  let starts = b_starts(begin, n);
  if (k + 4u <= K) {
    return b_block(starts, k);
  }
  var block = mat4x4f();
#if ${K_TAIL}
  for (var at = 0u; at < 4u && k + at < K; at++) {
    block[at] = b_four(starts, k + at);
  }
#endif
  return block;
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) place: u32,
) {
  let group = workgroup_index(group_id);
  let result = group / (GROUPS_N * GROUPS_M);
  if (result >= BATCHES) {
    return;
  }
  let group_m = (group / GROUPS_N % GROUPS_M) * SPAN;
  let group_n = (group % GROUPS_N) * SPAN;
  let a_first = a_begin(batch_of(result));
  let b_first = b_begin(batch_of(result));
  var upper = mat4x4f();
  var lower = mat4x4f();
  var upper_part = mat4x4f();
  var lower_part = mat4x4f();
#if ${ROW_SUM}
  var upper_sum = vec4f();
  var lower_sum = vec4f();
  var upper_sum_part = vec4f();
  var lower_sum_part = vec4f();
#endif

  let k_end = k_past(result);
  for (var k_first = k_begin(result); k_first < k_end; k_first += SLAB) {
    for (var at = place; at < BLOCKS; at += GROUP_X * GROUP_Y) {
#if ${A_TRANSPOSED}
      let a_place = across(at);
#else
      let a_place = along(at);
#endif
      let a_lines = transpose(a_block_within(a_first, group_m + a_place.x * 4u, k_first + a_place.y));
      let a_at = a_place.y * LINE + a_place.x;
      a_slab[a_at] = a_lines[0];
      a_slab[a_at + LINE] = a_lines[1];
      a_slab[a_at + 2u * LINE] = a_lines[2];
      a_slab[a_at + 3u * LINE] = a_lines[3];
#if ${B_TRANSPOSED}
      let b_place = along(at);
#else
      let b_place = across(at);
#endif
      let b_lines = b_block_within(b_first, k_first + b_place.y, group_n + b_place.x * 4u);
      let b_at = b_place.y * LINE + b_place.x;
      b_slab[b_at] = b_lines[0];
      b_slab[b_at + LINE] = b_lines[1];
      b_slab[b_at + 2u * LINE] = b_lines[2];
      b_slab[b_at + 3u * LINE] = b_lines[3];
    }
    workgroupBarrier();
    for (var k = 0u; k < SLAB; k++) {
      let a_upper = a_slab[k * LINE + local.y * 2u];
      let a_lower = a_slab[k * LINE + local.y * 2u + 1u];
      let b_four = b_slab[k * LINE + local.x];
      upper_part += outer(a_upper, b_four);
      lower_part += outer(a_lower, b_four);
#if ${ROW_SUM}
      upper_sum_part += a_upper;
      lower_sum_part += a_lower;
#endif
    }
    workgroupBarrier();
    if ((k_first + SLAB) % LONGEST_SUM == 0u || k_first + SLAB >= k_end) {
      upper += upper_part;
      lower += lower_part;
      upper_part = mat4x4f();
      lower_part = mat4x4f();
#if ${ROW_SUM}
      upper_sum += upper_sum_part;
      lower_sum += lower_sum_part;
      upper_sum_part = vec4f();
      lower_sum_part = vec4f();
#endif
    }
  }

  pieces = array<vec4f, TILE_M>(upper[0], upper[1], upper[2], upper[3], lower[0], lower[1], lower[2], lower[3]);
#if ${ROW_SUM}
  sums = array<vec4f, 2>(upper_sum, lower_sum);
#endif
  store_tile(result, group_m + local.y * TILE_M, group_n + local.x * TILE_N);
}
