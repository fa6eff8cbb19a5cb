// matmul_register for products that take no time, mostly a net's head: an invocation owns 4 × 4 of C, so that there is
// half as much to compile. The sums are added in the same order.

override GROUP_X: u32; // invocations along n
override GROUP_Y: u32; // invocations along m
override GROUPS_N: u32 = (N + TILE_N * GROUP_X - 1u) / (TILE_N * GROUP_X);
override GROUPS_M: u32 = (M + TILE_M * GROUP_Y - 1u) / (TILE_M * GROUP_Y);

const TILE_M = 4u;
const TILE_N = 4u;

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_id) place: vec3u) {
  let group = workgroup_index(group_id);
  let result = group / (GROUPS_N * GROUPS_M);
  if (result >= BATCHES) {
    return;
  }
  let m = ((group / GROUPS_N % GROUPS_M) * GROUP_Y + place.y) * TILE_M;
  let n = ((group % GROUPS_N) * GROUP_X + place.x) * TILE_N;
  if (m >= M || n >= N) {
    return;
  }
  let a_start = a_starts(a_begin(batch_of(result)), m);
  let b_start = b_starts(b_begin(batch_of(result)), n);
  let k_whole = k_past(result) / 4u * 4u;

  // Zero is written out, as in matmul_register.
  var part = mat4x4f();
#if ${ROW_SUM}
  var sum = vec4f();
#endif
#if ${LONG_SUM}
  var total = mat4x4f();
#if ${ROW_SUM}
  var total_sum = vec4f();
#endif
  for (var k_first = k_begin(result); k_first < k_whole; k_first += LONGEST_SUM) {
    let k_end = min(k_first + LONGEST_SUM, k_whole);
#else
  let k_first = k_begin(result);
  let k_end = k_whole;
#endif
  for (var k = k_first; k < k_end; k += 4u) {
    let block = a_block(a_start, k);
    part += b_block(b_start, k) * block;
#if ${ROW_SUM}
    sum += vec4f(1.0) * block;
#endif
  }
#if ${LONG_SUM}
    total += part;
    part = mat4x4f();
#if ${ROW_SUM}
    total_sum += sum;
    sum = vec4f();
#endif
  }
#endif

#if ${K_TAIL}
  for (var k = k_whole; k < k_past(result); k++) {
    let column = a_four(a_start, k);
    let row = b_four(b_start, k);
    part += mat4x4f(column.x * row, column.y * row, column.z * row, column.w * row);
#if ${ROW_SUM}
    sum += column;
#endif
  }
#endif

#if ${LONG_SUM}
  part += total;
#if ${ROW_SUM}
  sum += total_sum;
#endif
#endif
  for (var row = 0u; row < TILE_M; row++) {
    pieces[row] = part[row];
  }
#if ${ROW_SUM}
  sums[0] = sum;
#endif
  store_tile(result, m, n);
}
