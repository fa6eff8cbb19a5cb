// C[b, m, n] = Σ_k A[b, m, k] · B[b, k, n] (+ bias[n]), each value handed to `epilogue`, which stores it.
// With ROW_SUM also row_sum[b, m] = Σ_k A[b, m, k]: the gradient of a bias comes with that of its weight.
//
// A is M × K, or lies in memory as K × M with A_TRANSPOSED; B is K × N, or lies as N × K with B_TRANSPOSED.
// Rows of the memory are A_PITCH and B_PITCH elements apart; A_BATCH and B_BATCH say where matrix `batch` begins.
//
// An invocation owns a tile of C: 8 × 8 elements, or 16 rows with TALL, and 16 columns with BROAD. The tile stays in
// registers, and operands are read straight from storage: software adapters have no fast workgroup memory. A block of
// 4 × 4 is a mat4x4f whose columns are the matrix's rows, as the memory has them, so that A · B is written `b * a`:
// (A · B)ᵀ = Bᵀ · Aᵀ. Rows and columns past the end are computed from the last ones, and not stored.
//
// On a software adapter a load costs more than the arithmetic on it. With QUADS four neighbours, who own the same rows,
// load one row each of a block of A and show it to the others.

#if ${QUADS}
enable subgroups;
#endif
${EPILOGUE}

#if ${A_VECTOR}
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
#else
@group(0) @binding(0) var<storage, read> a: array<f32>;
#endif
#if ${B_VECTOR}
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
#else
@group(0) @binding(1) var<storage, read> b: array<f32>;
#endif
#if ${BIAS}
@group(0) @binding(2) var<storage, read> bias: array<f32>;
#endif
#if ${ROW_SUM}
@group(0) @binding(${ROW_SUM_BINDING}) var<storage, read_write> row_sum: array<f32>;
#endif

override M: u32;
override N: u32;
override K: u32;
override BATCHES: u32;
override A_OFFSET: u32;
override B_OFFSET: u32;
override A_PITCH: u32;
override B_PITCH: u32;
override GROUP_X: u32; // invocations along n, with QUADS a multiple of four
override GROUP_Y: u32; // invocations along m
override GROUPS_N: u32 = (N + TILE_N * GROUP_X - 1u) / (TILE_N * GROUP_X);
override GROUPS_M: u32 = (M + TILE_M * GROUP_Y - 1u) / (TILE_M * GROUP_Y);

#if ${TALL}
const TILE_M = 16u;
#else
const TILE_M = 8u;
#endif
#if ${BROAD}
const TILE_N = 16u;
#else
const TILE_N = 8u;
#endif
const PIECES_N = TILE_N / 4u;
// So many terms go into a partial sum: rounding grows with K / 512, not with K.
const LONGEST_SUM = 512u;

// Four rows of the tile.
struct Strip {
  c0: mat4x4f,
  c1: mat4x4f,
#if ${BROAD}
  c2: mat4x4f,
  c3: mat4x4f,
#endif
#if ${ROW_SUM}
  sum: vec4f,
#endif
}

// Four rows of B, as wide as the tile.
struct Rows {
  b0: mat4x4f,
  b1: mat4x4f,
#if ${BROAD}
  b2: mat4x4f,
  b3: mat4x4f,
#endif
}

// Four elements that are neighbours in memory: of row m where A lies as it is, else of column k. `start` is where the matrix begins.
fn a_line(start: u32, m: u32, k: u32) -> vec4f {
#if ${A_TRANSPOSED}
  let line = start + k * A_PITCH;
#if ${A_VECTOR}
  return a[(line + min(m, M - 4u)) / 4u];
#else
  let at = vec4u(line) + min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(M - 1u));
  return vec4f(a[at.x], a[at.y], a[at.z], a[at.w]);
#endif
#else
  let at = start + min(m, M - 1u) * A_PITCH + k;
#if ${A_VECTOR}
  return a[at / 4u];
#else
  return vec4f(a[at], a[at + 1u], a[at + 2u], a[at + 3u]);
#endif
#endif
}

fn b_line(start: u32, k: u32, n: u32) -> vec4f {
#if ${B_TRANSPOSED}
  let at = start + min(n, N - 1u) * B_PITCH + k;
#if ${B_VECTOR}
  return b[at / 4u];
#else
  return vec4f(b[at], b[at + 1u], b[at + 2u], b[at + 3u]);
#endif
#else
  let line = start + k * B_PITCH;
#if ${B_VECTOR}
  return b[(line + min(n, N - 4u)) / 4u];
#else
  let at = vec4u(line) + min(vec4u(n, n + 1u, n + 2u, n + 3u), vec4u(N - 1u));
  return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
#endif
#endif
}

// Rows m .. m+3 of A, each with its k .. k+3. `lane` is the place among four neighbours.
fn a_block(start: u32, m: u32, k: u32, lane: u32) -> mat4x4f {
#if ${A_TRANSPOSED}
#if ${QUADS}
  let line = a_line(start, m, k + lane);
#else
  let lines = mat4x4f(a_line(start, m, k), a_line(start, m, k + 1u), a_line(start, m, k + 2u), a_line(start, m, k + 3u));
#endif
#else
#if ${QUADS}
  let line = a_line(start, m + lane, k);
#else
  let lines = mat4x4f(a_line(start, m, k), a_line(start, m + 1u, k), a_line(start, m + 2u, k), a_line(start, m + 3u, k));
#endif
#endif
#if ${QUADS}
  let lines = mat4x4f(quadBroadcast(line, 0u), quadBroadcast(line, 1u), quadBroadcast(line, 2u), quadBroadcast(line, 3u));
#endif
#if ${A_TRANSPOSED}
  return transpose(lines);
#else
  return lines;
#endif
}

// Rows k .. k+3 of B, each with its n .. n+3.
fn b_block(start: u32, k: u32, n: u32) -> mat4x4f {
#if ${B_TRANSPOSED}
  return transpose(mat4x4f(b_line(start, k, n), b_line(start, k, n + 1u), b_line(start, k, n + 2u), b_line(start, k, n + 3u)));
#else
  return mat4x4f(b_line(start, k, n), b_line(start, k + 1u, n), b_line(start, k + 2u, n), b_line(start, k + 3u, n));
#endif
}

fn b_rows(start: u32, k: u32, n: u32) -> Rows {
  var rows: Rows;
  rows.b0 = b_block(start, k, n);
  rows.b1 = b_block(start, k, n + 4u);
#if ${BROAD}
  rows.b2 = b_block(start, k, n + 8u);
  rows.b3 = b_block(start, k, n + 12u);
#endif
  return rows;
}

fn add_product(strip: ptr<function, Strip>, block: mat4x4f, rows: Rows) {
  (*strip).c0 += rows.b0 * block;
  (*strip).c1 += rows.b1 * block;
#if ${BROAD}
  (*strip).c2 += rows.b2 * block;
  (*strip).c3 += rows.b3 * block;
#endif
#if ${ROW_SUM}
  (*strip).sum += vec4f(1.0) * block;
#endif
}

fn add_strip(strip: ptr<function, Strip>, part: Strip) {
  (*strip).c0 += part.c0;
  (*strip).c1 += part.c1;
#if ${BROAD}
  (*strip).c2 += part.c2;
  (*strip).c3 += part.c3;
#endif
#if ${ROW_SUM}
  (*strip).sum += part.sum;
#endif
}

#if ${K_TAIL}
// For the last K % 4 terms: one element, and four at one k.
fn a_at(start: u32, m: u32, k: u32) -> f32 {
#if ${A_TRANSPOSED}
  let at = start + k * A_PITCH + min(m, M - 1u);
#else
  let at = start + min(m, M - 1u) * A_PITCH + k;
#endif
#if ${A_VECTOR}
  return a[at / 4u][at % 4u];
#else
  return a[at];
#endif
}

fn b_at(start: u32, k: u32, n: u32) -> f32 {
#if ${B_TRANSPOSED}
  let at = start + min(n, N - 1u) * B_PITCH + k;
#else
  let at = start + k * B_PITCH + min(n, N - 1u);
#endif
#if ${B_VECTOR}
  return b[at / 4u][at % 4u];
#else
  return b[at];
#endif
}

// The block with one term: all but its first column, k, is zero.
fn a_last(start: u32, m: u32, k: u32) -> mat4x4f {
  return transpose(mat4x4f(
    vec4f(a_at(start, m, k), a_at(start, m + 1u, k), a_at(start, m + 2u, k), a_at(start, m + 3u, k)),
    vec4f(), vec4f(), vec4f(),
  ));
}

fn b_last(start: u32, k: u32, n: u32) -> mat4x4f {
  return mat4x4f(
    vec4f(b_at(start, k, n), b_at(start, k, n + 1u), b_at(start, k, n + 2u), b_at(start, k, n + 3u)),
    vec4f(), vec4f(), vec4f(),
  );
}
#endif

// The tile in pieces of four columns, where a loop can reach them.
var<private> pieces: array<vec4f, TILE_M * PIECES_N>;

fn lay_out(first: u32, strip: Strip) {
#if ${BROAD}
  let at = first * 4u;
  pieces[at] = strip.c0[0];
  pieces[at + 1u] = strip.c1[0];
  pieces[at + 2u] = strip.c2[0];
  pieces[at + 3u] = strip.c3[0];
  pieces[at + 4u] = strip.c0[1];
  pieces[at + 5u] = strip.c1[1];
  pieces[at + 6u] = strip.c2[1];
  pieces[at + 7u] = strip.c3[1];
  pieces[at + 8u] = strip.c0[2];
  pieces[at + 9u] = strip.c1[2];
  pieces[at + 10u] = strip.c2[2];
  pieces[at + 11u] = strip.c3[2];
  pieces[at + 12u] = strip.c0[3];
  pieces[at + 13u] = strip.c1[3];
  pieces[at + 14u] = strip.c2[3];
  pieces[at + 15u] = strip.c3[3];
#else
  let at = first * 2u;
  pieces[at] = strip.c0[0];
  pieces[at + 1u] = strip.c1[0];
  pieces[at + 2u] = strip.c0[1];
  pieces[at + 3u] = strip.c1[1];
  pieces[at + 4u] = strip.c0[2];
  pieces[at + 5u] = strip.c1[2];
  pieces[at + 6u] = strip.c0[3];
  pieces[at + 7u] = strip.c1[3];
#endif
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let group = workgroup_index(group_id);
  let batch = group / (GROUPS_N * GROUPS_M);
  if (batch >= BATCHES) {
    return;
  }
  let m = ((group / GROUPS_N % GROUPS_M) * GROUP_Y + local.y) * TILE_M;
  let n = ((group % GROUPS_N) * GROUP_X + local.x) * TILE_N;
#if ${QUADS}
  // Also those past the end go on: neighbours need them.
#else
  if (m >= M || n >= N) {
    return;
  }
#endif
  let lane = local.x % 4u;
  let a_start = A_OFFSET + ${A_BATCH};
  let b_start = B_OFFSET + ${B_BATCH};
  var total0 = Strip();
  var total1 = Strip();
#if ${TALL}
  var total2 = Strip();
  var total3 = Strip();
#endif

  let k_whole = K / 4u * 4u;
  for (var k_first = 0u; k_first < k_whole; k_first += LONGEST_SUM) {
    let k_end = min(k_first + LONGEST_SUM, k_whole);
    // Written out: a `var` of a struct without a value keeps the last round's, in Chromium with SwiftShader.
    var part0 = Strip();
    var part1 = Strip();
#if ${TALL}
    var part2 = Strip();
    var part3 = Strip();
#endif
    for (var k = k_first; k < k_end; k += 4u) {
      let rows = b_rows(b_start, k, n);
      add_product(&part0, a_block(a_start, m, k, lane), rows);
      add_product(&part1, a_block(a_start, m + 4u, k, lane), rows);
#if ${TALL}
      add_product(&part2, a_block(a_start, m + 8u, k, lane), rows);
      add_product(&part3, a_block(a_start, m + 12u, k, lane), rows);
#endif
    }
    add_strip(&total0, part0);
    add_strip(&total1, part1);
#if ${TALL}
    add_strip(&total2, part2);
    add_strip(&total3, part3);
#endif
  }

#if ${K_TAIL}
  for (var k = k_whole; k < K; k++) {
    var rows: Rows;
    rows.b0 = b_last(b_start, k, n);
    rows.b1 = b_last(b_start, k, n + 4u);
#if ${BROAD}
    rows.b2 = b_last(b_start, k, n + 8u);
    rows.b3 = b_last(b_start, k, n + 12u);
#endif
    add_product(&total0, a_last(a_start, m, k), rows);
    add_product(&total1, a_last(a_start, m + 4u, k), rows);
#if ${TALL}
    add_product(&total2, a_last(a_start, m + 8u, k), rows);
    add_product(&total3, a_last(a_start, m + 12u, k), rows);
#endif
  }
#endif

  lay_out(0u, total0);
  lay_out(4u, total1);
#if ${TALL}
  lay_out(8u, total2);
  lay_out(12u, total3);
#endif
  // A loop, so that the epilogue stands once in the compiled code.
  for (var piece = 0u; piece < TILE_M * PIECES_N; piece++) {
    let row = m + piece / PIECES_N;
    let column = n + piece % PIECES_N * 4u;
    if (row < M && column < N) {
      let index = (batch * M + row) * N + column;
      let value = pieces[piece];
#if ${VECTOR}
#if ${BIAS}
      epilogue(index, value + vec4f(bias[column], bias[column + 1u], bias[column + 2u], bias[column + 3u]));
#else
      epilogue(index, value);
#endif
#else
      for (var at = 0u; at < min(4u, N - column); at++) {
#if ${BIAS}
        epilogue(index + at, value[at] + bias[column + at]);
#else
        epilogue(index + at, value[at]);
#endif
      }
#endif
    }
  }
#if ${ROW_SUM}
  if (n == 0u) {
#if ${TALL}
    let sums = array<vec4f, 4>(total0.sum, total1.sum, total2.sum, total3.sum);
#else
    let sums = array<vec4f, 2>(total0.sum, total1.sum);
#endif
    for (var row = 0u; row < TILE_M; row++) {
      if (m + row < M) {
        row_sum[batch * M + m + row] = sums[row / 4u][row % 4u];
      }
    }
  }
#endif
}
