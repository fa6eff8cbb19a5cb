// C[b, m, n] = Σ_k A[b, m, k] · B[b, k, n] (+ bias[n]), each value handed to `epilogue`, which stores it. For software adapters.
// With ROW_SUM also row_sum[b, m] = Σ_k A[b, m, k]: the gradient of a bias comes with that of its weight.
// The operands are in lib/matmul.wgsl, strips of rows in lib/strips.wgsl; lib/tiles.wgsl deals tiles out, with QUADS a multiple of four along n.
//
// An invocation owns a tile of C, 8 columns and 8 rows, or 16 with ROWS_16, or 32 with ROWS_32 too; a workgroup GROUP_X × GROUP_Y such tiles.
// The tile stays in registers, and operands are read straight from storage: workgroup memory would be no faster.
//
// Loads cost more than the arithmetic on them. With QUADS four neighbours, who own the same rows, load one line each of
// a block of A and show it to the others.

#if ${QUADS}
enable subgroups;
#endif

#if ${ROWS_32}
const TILE_M = 32u;
#elif ${ROWS_16}
const TILE_M = 16u;
#else
const TILE_M = 8u;
#endif
const TILE_N = 8u;

fn add(strip: ptr<function, Strip>, part: Strip) {
  (*strip).left += part.left;
  (*strip).right += part.right;
#if ${ROW_SUM}
  (*strip).sum += part.sum;
#endif
}

#if ${K_TAIL}
fn add_term(strip: ptr<function, Strip>, column: vec4f, left: vec4f, right: vec4f) {
  (*strip).left += outer(column, left);
  (*strip).right += outer(column, right);
#if ${ROW_SUM}
  (*strip).sum += column;
#endif
}
#endif

// Where this invocation's lines of A begin: `lane` is the place among four neighbours, who take a row each.
fn shared_starts(begin: u32, m: u32, lane: u32) -> vec4u {
#if ${QUADS}
#if ${A_TRANSPOSED}
  return a_starts(begin, m);
#else
  return a_starts(begin, m + lane);
#endif
#else
  return a_starts(begin, m);
#endif
}

// The block of A that begins there, at k.
fn shared_block(starts: vec4u, k: u32, lane: u32) -> mat4x4f {
#if ${QUADS}
#if ${A_TRANSPOSED}
  let line = a_line(starts, k + lane);
  return transpose(lines_of_quad(line));
#else
  let line = a_line(starts.x, k);
  return lines_of_quad(line);
#endif
#else
  return a_block(starts, k);
#endif
}

// In one dimension: so the four of a quad are those that follow each other, on every system.
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
#if ${QUADS}
  // Those past the end go on: their neighbours need what they load.
#else
  if (m >= M || n >= N) {
    return;
  }
#endif
  let lane = place % 4u;
  let a_first = a_begin(batch_of(result));
  let b_first = b_begin(batch_of(result));
  let starts0 = shared_starts(a_first, m, lane);
  let starts1 = shared_starts(a_first, m + 4u, lane);
#if ${ROWS_16}
  let starts2 = shared_starts(a_first, m + 8u, lane);
  let starts3 = shared_starts(a_first, m + 12u, lane);
#endif
#if ${ROWS_32}
  let starts4 = shared_starts(a_first, m + 16u, lane);
  let starts5 = shared_starts(a_first, m + 20u, lane);
  let starts6 = shared_starts(a_first, m + 24u, lane);
  let starts7 = shared_starts(a_first, m + 28u, lane);
#endif
  let left_starts = b_starts(b_first, n);
  let right_starts = b_starts(b_first, n + 4u);

  // Zero is written out: a `var` of a struct without a value keeps that of the last round, in Chromium with SwiftShader.
  var part0 = Strip();
  var part1 = Strip();
#if ${ROWS_16}
  var part2 = Strip();
  var part3 = Strip();
#endif
#if ${ROWS_32}
  var part4 = Strip();
  var part5 = Strip();
  var part6 = Strip();
  var part7 = Strip();
#endif
#if ${LONG_SUM}
  var total0 = Strip();
  var total1 = Strip();
#if ${ROWS_16}
  var total2 = Strip();
  var total3 = Strip();
#endif
#if ${ROWS_32}
  var total4 = Strip();
  var total5 = Strip();
  var total6 = Strip();
  var total7 = Strip();
#endif
#endif

  let k_whole = k_past(result) / 4u * 4u;
#if ${LONG_SUM}
  for (var k_first = k_begin(result); k_first < k_whole; k_first += LONGEST_SUM) {
    let k_end = min(k_first + LONGEST_SUM, k_whole);
#else
  let k_first = k_begin(result);
  let k_end = k_whole;
#endif
  for (var k = k_first; k < k_end; k += 4u) {
    let left = b_block(left_starts, k);
    let right = b_block(right_starts, k);
    add_product(&part0, shared_block(starts0, k, lane), left, right);
    add_product(&part1, shared_block(starts1, k, lane), left, right);
#if ${ROWS_16}
    add_product(&part2, shared_block(starts2, k, lane), left, right);
    add_product(&part3, shared_block(starts3, k, lane), left, right);
#endif
#if ${ROWS_32}
    add_product(&part4, shared_block(starts4, k, lane), left, right);
    add_product(&part5, shared_block(starts5, k, lane), left, right);
    add_product(&part6, shared_block(starts6, k, lane), left, right);
    add_product(&part7, shared_block(starts7, k, lane), left, right);
#endif
  }
#if ${LONG_SUM}
    add(&total0, part0);
    add(&total1, part1);
    part0 = Strip();
    part1 = Strip();
#if ${ROWS_16}
    add(&total2, part2);
    add(&total3, part3);
    part2 = Strip();
    part3 = Strip();
#endif
#if ${ROWS_32}
    add(&total4, part4);
    add(&total5, part5);
    add(&total6, part6);
    add(&total7, part7);
    part4 = Strip();
    part5 = Strip();
    part6 = Strip();
    part7 = Strip();
#endif
  }
#endif

#if ${K_TAIL}
  for (var k = k_whole; k < k_past(result); k++) {
    let left = b_four(left_starts, k);
    let right = b_four(right_starts, k);
    add_term(&part0, a_four(a_starts(a_first, m), k), left, right);
    add_term(&part1, a_four(a_starts(a_first, m + 4u), k), left, right);
#if ${ROWS_16}
    add_term(&part2, a_four(a_starts(a_first, m + 8u), k), left, right);
    add_term(&part3, a_four(a_starts(a_first, m + 12u), k), left, right);
#endif
#if ${ROWS_32}
    add_term(&part4, a_four(a_starts(a_first, m + 16u), k), left, right);
    add_term(&part5, a_four(a_starts(a_first, m + 20u), k), left, right);
    add_term(&part6, a_four(a_starts(a_first, m + 24u), k), left, right);
    add_term(&part7, a_four(a_starts(a_first, m + 28u), k), left, right);
#endif
  }
#endif

#if ${LONG_SUM}
  add(&part0, total0);
  add(&part1, total1);
#if ${ROWS_16}
  add(&part2, total2);
  add(&part3, total3);
#endif
#if ${ROWS_32}
  add(&part4, total4);
  add(&part5, total5);
  add(&part6, total6);
  add(&part7, total7);
#endif
#endif
  lay_out(0u, part0);
  lay_out(1u, part1);
#if ${ROWS_16}
  lay_out(2u, part2);
  lay_out(3u, part3);
#endif
#if ${ROWS_32}
  lay_out(4u, part4);
  lay_out(5u, part5);
  lay_out(6u, part6);
  lay_out(7u, part7);
#endif
  store_tile(result, m, n);
}
