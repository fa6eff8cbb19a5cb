// What the matmul kernels share: the operands as they lie in memory, and the way out through `epilogue`.
// A kernel declares TILE_M and TILE_N, the rows and columns of C that an invocation owns: multiples of four.
//
// A is M × K, or lies in memory as K × M with A_TRANSPOSED; B is K × N, or lies as N × K with B_TRANSPOSED.
// Rows of the memory are A_PITCH and B_PITCH elements apart; A_BATCH and B_BATCH say where matrix `batch` begins.
// Rows of A and columns of B past the end are read as the last ones: what comes of them is not stored.

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
override BATCHES: u32; // results
override A_OFFSET: u32;
override B_OFFSET: u32;
override A_PITCH: u32;
override B_PITCH: u32;

// So many terms go into a partial sum, at most: rounding grows with K / 512, not with K.
const LONGEST_SUM = 512u;

// With SPLIT, K lies in PARTS parts of PART terms, the last one shorter. Each part of a batch has a result of its own, and they
// are added up afterwards. PART is a multiple of LONGEST_SUM.
#if ${SPLIT}
override PARTS: u32;
override PART: u32;

fn batch_of(result: u32) -> u32 {
  return result / PARTS;
}

fn k_begin(result: u32) -> u32 {
  return result % PARTS * PART;
}

fn k_past(result: u32) -> u32 {
  return min(k_begin(result) + PART, K);
}
#else
fn batch_of(result: u32) -> u32 {
  return result;
}

fn k_begin(result: u32) -> u32 {
  return 0u;
}

fn k_past(result: u32) -> u32 {
  return K;
}
#endif

fn a_begin(batch: u32) -> u32 {
  return A_OFFSET + ${A_BATCH};
}

fn b_begin(batch: u32) -> u32 {
  return B_OFFSET + ${B_BATCH};
}

// Where the lines of the memory begin that hold rows m .. m+3 of A: each row's, where A lies as it is; else the columns.
// All that does not change along K is computed here, before the loop. `begin` is where the matrix begins. With A_VECTOR counted in vectors.
fn a_starts(begin: u32, m: u32) -> vec4u {
  let rows = min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(M - 1u));
#if ${A_TRANSPOSED}
#if ${A_VECTOR}
  return vec4u((begin + min(m, M - 4u)) / 4u);
#else
  return vec4u(begin) + rows;
#endif
#else
#if ${A_VECTOR}
  return (vec4u(begin) + rows * A_PITCH) / 4u;
#else
  return vec4u(begin) + rows * A_PITCH;
#endif
#endif
}

// The same for columns n .. n+3 of B.
fn b_starts(begin: u32, n: u32) -> vec4u {
  let columns = min(vec4u(n, n + 1u, n + 2u, n + 3u), vec4u(N - 1u));
#if ${B_TRANSPOSED}
#if ${B_VECTOR}
  return (vec4u(begin) + columns * B_PITCH) / 4u;
#else
  return vec4u(begin) + columns * B_PITCH;
#endif
#else
#if ${B_VECTOR}
  return vec4u((begin + min(n, N - 4u)) / 4u);
#else
  return vec4u(begin) + columns;
#endif
#endif
}

// Four elements that are neighbours in memory: those of four rows of A at one k where A is transposed, else four k of one row.
#if ${A_TRANSPOSED}
fn a_line(starts: vec4u, k: u32) -> vec4f {
#if ${A_VECTOR}
  return a[starts.x + k * (A_PITCH / 4u)];
#else
  let at = starts + vec4u(k * A_PITCH);
  return vec4f(a[at.x], a[at.y], a[at.z], a[at.w]);
#endif
}
#else
fn a_line(start: u32, k: u32) -> vec4f {
#if ${A_VECTOR}
  return a[start + k / 4u];
#else
  let at = start + k;
  return vec4f(a[at], a[at + 1u], a[at + 2u], a[at + 3u]);
#endif
}
#endif

// Four k of one column of B where B is transposed, else those of four columns at one k.
#if ${B_TRANSPOSED}
fn b_line(start: u32, k: u32) -> vec4f {
#if ${B_VECTOR}
  return b[start + k / 4u];
#else
  let at = start + k;
  return vec4f(b[at], b[at + 1u], b[at + 2u], b[at + 3u]);
#endif
}
#else
fn b_line(starts: vec4u, k: u32) -> vec4f {
#if ${B_VECTOR}
  return b[starts.x + k * (B_PITCH / 4u)];
#else
  let at = starts + vec4u(k * B_PITCH);
  return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
#endif
}
#endif

// A block of 4 × 4 is a mat4x4f whose columns are the matrix's rows, as the memory has them, so that A · B is written
// `b * a`: (A · B)ᵀ = Bᵀ · Aᵀ. Rows m .. m+3 of A, each with its k .. k+3:
fn a_block(starts: vec4u, k: u32) -> mat4x4f {
#if ${A_TRANSPOSED}
  return transpose(mat4x4f(a_line(starts, k), a_line(starts, k + 1u), a_line(starts, k + 2u), a_line(starts, k + 3u)));
#else
  return mat4x4f(a_line(starts.x, k), a_line(starts.y, k), a_line(starts.z, k), a_line(starts.w, k));
#endif
}

// Rows k .. k+3 of B, each with its n .. n+3.
fn b_block(starts: vec4u, k: u32) -> mat4x4f {
#if ${B_TRANSPOSED}
  return transpose(mat4x4f(b_line(starts.x, k), b_line(starts.y, k), b_line(starts.z, k), b_line(starts.w, k)));
#else
  return mat4x4f(b_line(starts, k), b_line(starts, k + 1u), b_line(starts, k + 2u), b_line(starts, k + 3u));
#endif
}

#if ${K_TAIL}
// Rows m .. m+3 of A at one of the last K % 4 terms, and columns n .. n+3 of B. Lines along K are of single elements then.
fn a_four(starts: vec4u, k: u32) -> vec4f {
#if ${A_TRANSPOSED}
  return a_line(starts, k);
#else
  let at = starts + vec4u(k);
  return vec4f(a[at.x], a[at.y], a[at.z], a[at.w]);
#endif
}

fn b_four(starts: vec4u, k: u32) -> vec4f {
#if ${B_TRANSPOSED}
  let at = starts + vec4u(k);
  return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
#else
  return b_line(starts, k);
#endif
}
#endif

// One term of four rows of A and four columns of B.
fn outer(u: vec4f, v: vec4f) -> mat4x4f {
  return mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
}

// The invocation's tile by rows, in pieces of four columns, and the sums of its rows of A: where a loop can reach them,
// so that the epilogue stands once in the compiled code.
const PIECES_N = TILE_N / 4u;
var<private> pieces: array<vec4f, TILE_M * PIECES_N>;
#if ${ROW_SUM}
var<private> sums: array<vec4f, TILE_M / 4u>;
#endif

#if ${BIAS}
// The bias of columns n .. n+3; past the end, of the last.
fn bias_four(n: u32) -> vec4f {
  let at = min(vec4u(n, n + 1u, n + 2u, n + 3u), vec4u(N - 1u));
  return vec4f(bias[at.x], bias[at.y], bias[at.z], bias[at.w]);
}
#endif

// Hands over the tile whose first element is C[result, m, n].
fn store_tile(result: u32, m: u32, n: u32) {
#if ${BIAS}
  // Both of a tile's pieces of a row, or its one.
  let bias_left = bias_four(n);
  let bias_right = bias_four(n + 4u);
#endif
  for (var piece = 0u; piece < TILE_M * PIECES_N; piece++) {
    let row = m + piece / PIECES_N;
    let column = n + piece % PIECES_N * 4u;
    if (row < M && column < N) {
      let index = (result * M + row) * N + column;
#if ${BIAS}
      let value = pieces[piece] + select(bias_left, bias_right, piece % PIECES_N == 1u);
#else
      let value = pieces[piece];
#endif
#if ${VECTOR}
      epilogue(index, value);
#else
      for (var at = 0u; at < min(4u, N - column); at++) {
        epilogue(index + at, value[at]);
      }
#endif
    }
  }
#if ${ROW_SUM}
  if (n == 0u) {
    for (var row = 0u; row < TILE_M; row++) {
      if (m + row < M) {
        row_sum[result * M + m + row] = sums[row / 4u][row % 4u];
      }
    }
  }
#endif
}
