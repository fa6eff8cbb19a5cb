// C[b, m, n] = Σ_k A[b, m, k] · B[b, k, n] (+ bias[n]), each value handed to `epilogue`, which stores it.
// With ROW_SUM also row_sum[b, m] = Σ_k A[b, m, k]: the gradient of a bias comes with that of its weight.
//
// A is M × K, or lies in memory as K × M with A_TRANSPOSED; B is K × N, or lies as N × K with B_TRANSPOSED.
// Rows of the memory are A_PITCH and B_PITCH elements apart; A_BATCH and B_BATCH say where matrix `batch` begins.
//
// An invocation owns 8 × 8 elements of C, in registers, and reads straight from storage: software adapters have no
// fast workgroup memory. A block of 4 × 4 is a mat4x4f whose columns are the matrix's rows, as the memory has them,
// so that A · B is written `b * a`: (A · B)ᵀ = Bᵀ · Aᵀ. Rows and columns past the end are computed from the last ones
// and not stored. With BLOCKED, sums of 512 terms are added up: rounding grows with K / 512, not with K.

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
override GROUP_X: u32; // invocations along n
override GROUP_Y: u32; // invocations along m
override GROUPS_N: u32 = (N + 8u * GROUP_X - 1u) / (8u * GROUP_X);
override GROUPS_M: u32 = (M + 8u * GROUP_Y - 1u) / (8u * GROUP_Y);

// One element of A and of B, for the last K % 4 terms; `start` is where the matrix begins.
fn a_at(start: u32, m: u32, k: u32) -> f32 {
#if ${A_TRANSPOSED}
  let index = start + k * A_PITCH + min(m, M - 1u);
#else
  let index = start + min(m, M - 1u) * A_PITCH + k;
#endif
#if ${A_VECTOR}
  return a[index / 4u][index % 4u];
#else
  return a[index];
#endif
}

fn b_at(start: u32, k: u32, n: u32) -> f32 {
#if ${B_TRANSPOSED}
  let index = start + min(n, N - 1u) * B_PITCH + k;
#else
  let index = start + k * B_PITCH + min(n, N - 1u);
#endif
#if ${B_VECTOR}
  return b[index / 4u][index % 4u];
#else
  return b[index];
#endif
}

// Where the four rows of memory begin that hold block m .. m+3 (A) or n .. n+3 (B); for vectors counted in fours.
// Transposed operands share one row of memory per k: then only the lanes differ, for single elements.
fn a_origin(start: u32, m: u32) -> vec4u {
#if ${A_TRANSPOSED}
#if ${A_VECTOR}
  return vec4u((start + min(m, M - 4u)) / 4u) + vec4u(0u, 1u, 2u, 3u) * (A_PITCH / 4u);
#else
  return vec4u(start) + min(vec4u(m) + vec4u(0u, 1u, 2u, 3u), vec4u(M - 1u));
#endif
#else
  let origin = vec4u(start) + min(vec4u(m) + vec4u(0u, 1u, 2u, 3u), vec4u(M - 1u)) * A_PITCH;
#if ${A_VECTOR}
  return origin / 4u;
#else
  return origin;
#endif
#endif
}

fn b_origin(start: u32, n: u32) -> vec4u {
#if ${B_TRANSPOSED}
  let origin = vec4u(start) + min(vec4u(n) + vec4u(0u, 1u, 2u, 3u), vec4u(N - 1u)) * B_PITCH;
#if ${B_VECTOR}
  return origin / 4u;
#else
  return origin;
#endif
#else
#if ${B_VECTOR}
  return vec4u((start + min(n, N - 4u)) / 4u) + vec4u(0u, 1u, 2u, 3u) * (B_PITCH / 4u);
#else
  return vec4u(start) + min(vec4u(n) + vec4u(0u, 1u, 2u, 3u), vec4u(N - 1u));
#endif
#endif
}

// Columns: rows m .. m+3 of A, each with its k .. k+3.
fn load_a(origin: vec4u, k: u32) -> mat4x4f {
#if ${A_VECTOR}
#if ${A_TRANSPOSED}
  let at = origin + vec4u(k * (A_PITCH / 4u));
  return transpose(mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]));
#else
  let at = origin + vec4u(k / 4u);
  return mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]);
#endif
#else
#if ${A_TRANSPOSED}
  let step = A_PITCH;
  let at = origin + vec4u(k * A_PITCH);
#else
  let step = 1u;
  let at = origin + vec4u(k);
#endif
  return mat4x4f(
    a[at.x], a[at.x + step], a[at.x + 2u * step], a[at.x + 3u * step],
    a[at.y], a[at.y + step], a[at.y + 2u * step], a[at.y + 3u * step],
    a[at.z], a[at.z + step], a[at.z + 2u * step], a[at.z + 3u * step],
    a[at.w], a[at.w + step], a[at.w + 2u * step], a[at.w + 3u * step],
  );
#endif
}

// Columns: rows k .. k+3 of B, each with its n .. n+3.
fn load_b(origin: vec4u, k: u32) -> mat4x4f {
#if ${B_VECTOR}
#if ${B_TRANSPOSED}
  let at = origin + vec4u(k / 4u);
  return transpose(mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]));
#else
  let at = origin + vec4u(k * (B_PITCH / 4u));
  return mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]);
#endif
#else
#if ${B_TRANSPOSED}
  let step = 1u;
  let at = origin + vec4u(k);
#else
  let step = B_PITCH;
  let at = origin + vec4u(k * B_PITCH);
#endif
  return mat4x4f(
    b[at.x], b[at.y], b[at.z], b[at.w],
    b[at.x + step], b[at.y + step], b[at.z + step], b[at.w + step],
    b[at.x + 2u * step], b[at.y + 2u * step], b[at.z + 2u * step], b[at.w + 2u * step],
    b[at.x + 3u * step], b[at.y + 3u * step], b[at.z + 3u * step], b[at.w + 3u * step],
  );
#endif
}

// Four elements m .. m+3 of A at one k, four elements n .. n+3 of B at one k, and their outer product.
fn a_four(start: u32, m: u32, k: u32) -> vec4f {
  return vec4f(a_at(start, m, k), a_at(start, m + 1u, k), a_at(start, m + 2u, k), a_at(start, m + 3u, k));
}

fn b_four(start: u32, k: u32, n: u32) -> vec4f {
  return vec4f(b_at(start, k, n), b_at(start, k, n + 1u), b_at(start, k, n + 2u), b_at(start, k, n + 3u));
}

fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let group = workgroup_index(group_id);
  let batch = group / (GROUPS_N * GROUPS_M);
  let m = ((group / GROUPS_N % GROUPS_M) * GROUP_Y + local.y) * 8u;
  let n = ((group % GROUPS_N) * GROUP_X + local.x) * 8u;
  if (batch >= BATCHES || m >= M || n >= N) {
    return;
  }
  let a_start = A_OFFSET + ${A_BATCH};
  let b_start = B_OFFSET + ${B_BATCH};
  let a_origin0 = a_origin(a_start, m);
  let a_origin1 = a_origin(a_start, m + 4u);
  let b_origin0 = b_origin(b_start, n);
  let b_origin1 = b_origin(b_start, n + 4u);

  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
#if ${ROW_SUM}
  var sum0 = vec4f();
  var sum1 = vec4f();
#endif

  let k_whole = K / 4u * 4u;
#if ${BLOCKED}
  for (var k_first = 0u; k_first < k_whole; k_first += 512u) {
    let k_end = min(k_first + 512u, k_whole);
    var d00 = mat4x4f();
    var d01 = mat4x4f();
    var d10 = mat4x4f();
    var d11 = mat4x4f();
#if ${ROW_SUM}
    var part0 = vec4f();
    var part1 = vec4f();
#endif
    for (var k = k_first; k < k_end; k += 4u) {
      let a0 = load_a(a_origin0, k);
      let a1 = load_a(a_origin1, k);
      let b0 = load_b(b_origin0, k);
      let b1 = load_b(b_origin1, k);
      d00 += b0 * a0;
      d01 += b1 * a0;
      d10 += b0 * a1;
      d11 += b1 * a1;
#if ${ROW_SUM}
      part0 += vec4f(1.0) * a0;
      part1 += vec4f(1.0) * a1;
#endif
    }
    c00 += d00;
    c01 += d01;
    c10 += d10;
    c11 += d11;
#if ${ROW_SUM}
    sum0 += part0;
    sum1 += part1;
#endif
  }
#else
  for (var k = 0u; k < k_whole; k += 4u) {
    let a0 = load_a(a_origin0, k);
    let a1 = load_a(a_origin1, k);
    let b0 = load_b(b_origin0, k);
    let b1 = load_b(b_origin1, k);
    c00 += b0 * a0;
    c01 += b1 * a0;
    c10 += b0 * a1;
    c11 += b1 * a1;
#if ${ROW_SUM}
    sum0 += vec4f(1.0) * a0;
    sum1 += vec4f(1.0) * a1;
#endif
  }
#endif

#if ${K_TAIL}
  for (var k = k_whole; k < K; k++) {
    let a0 = a_four(a_start, m, k);
    let a1 = a_four(a_start, m + 4u, k);
    let b0 = b_four(b_start, k, n);
    let b1 = b_four(b_start, k, n + 4u);
    c00 += outer(a0, b0);
    c01 += outer(a0, b1);
    c10 += outer(a1, b0);
    c11 += outer(a1, b1);
#if ${ROW_SUM}
    sum0 += a0;
    sum1 += a1;
#endif
  }
#endif

  // A loop, so that the epilogue stands once in the compiled code.
  var rows = array<vec4f, 16>(
    c00[0], c01[0], c00[1], c01[1], c00[2], c01[2], c00[3], c01[3],
    c10[0], c11[0], c10[1], c11[1], c10[2], c11[2], c10[3], c11[3],
  );
  for (var piece = 0u; piece < 16u; piece++) {
    let row = m + piece / 2u;
    let column = n + piece % 2u * 4u;
    if (row < M && column < N) {
      let index = (batch * M + row) * N + column;
      let value = rows[piece];
#if ${WIDE}
#if ${BIAS}
      epilogue(index, value + vec4f(bias[column], bias[column + 1u], bias[column + 2u], bias[column + 3u]));
#else
      epilogue(index, value);
#endif
#else
      for (var lane = 0u; lane < min(4u, N - column); lane++) {
#if ${BIAS}
        epilogue(index + lane, value[lane] + bias[column + lane]);
#else
        epilogue(index + lane, value[lane]);
#endif
      }
#endif
    }
  }
#if ${ROW_SUM}
  if (n == 0u) {
    let sums = array<vec4f, 2>(sum0, sum1);
    for (var row = 0u; row < min(8u, M - m); row++) {
      row_sum[batch * M + m + row] = sums[row / 4u][row % 4u];
    }
  }
#endif
}
