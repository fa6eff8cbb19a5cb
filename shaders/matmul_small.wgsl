// matmul_register for products that take no time, mostly a net's head: an invocation owns 4 × 4 of C, so that there is
// half as much to compile. The sums are added in the same order. Tiles are dealt out by lib/tiles.wgsl.

const TILE_M = 4u;
const TILE_N = 4u;

@compute @workgroup_size(GROUP_X * GROUP_Y)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) place: u32) {
  let group = workgroup_index(group_id);
  let result = result_of(group);
  if (result >= BATCHES) {
    return;
  }
  let begin = tile_begin(group, place);
  let m = begin.x;
  let n = begin.y;
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
    part += outer(column, row);
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
