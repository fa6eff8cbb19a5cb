// What kernels share whose invocations own a tile of 8 columns in strips of four rows: for software adapters. A kernel declares
// `pieces`, the tile by rows in pieces of four columns, and with ROW_SUM `sums`.

// Four rows of the tile, and their share of the sums.
struct Strip {
  left: mat4x4f,
  right: mat4x4f,
#if ${ROW_SUM}
  sum: vec4f,
#endif
}

// Adds the product of a block, four terms of four rows, and of those terms' left and right four columns.
fn add_product(strip: ptr<function, Strip>, block: mat4x4f, left: mat4x4f, right: mat4x4f) {
  (*strip).left += left * block;
  (*strip).right += right * block;
#if ${ROW_SUM}
  (*strip).sum += vec4f(1.0) * block;
#endif
}

#if ${QUADS}
// The lines that four neighbours have loaded, as columns.
fn lines_of_quad(line: vec4f) -> mat4x4f {
  return mat4x4f(quadBroadcast(line, 0u), quadBroadcast(line, 1u), quadBroadcast(line, 2u), quadBroadcast(line, 3u));
}
#endif

fn lay_out(strip: u32, values: Strip) {
  let first = strip * 8u;
  pieces[first] = values.left[0];
  pieces[first + 1u] = values.right[0];
  pieces[first + 2u] = values.left[1];
  pieces[first + 3u] = values.right[1];
  pieces[first + 4u] = values.left[2];
  pieces[first + 5u] = values.right[2];
  pieces[first + 6u] = values.left[3];
  pieces[first + 7u] = values.right[3];
#if ${ROW_SUM}
  sums[strip] = values.sum;
#endif
}
