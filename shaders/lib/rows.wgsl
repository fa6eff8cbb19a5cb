// Lines of a matrix that LANES neighbouring invocations of a workgroup share: their sums by a fixed tree, so that equal
// inputs give equal bits. Needs SIZE, the invocations of the workgroup. With one lane there is nothing to wait for.

override LANES: u32; // a power of two, at most SIZE
const WIDTH = ${WIDTH}u; // elements of F

var<workgroup> line_values: array<vec2f, SIZE>;

#if ${VECTOR}
fn total(value: F) -> f32 {
  return (value.x + value.y) + (value.z + value.w);
}

fn highest(value: F) -> f32 {
  return max(max(value.x, value.y), max(value.z, value.w));
}

fn first_of(value: F) -> f32 {
  return value.x;
}
#else
fn total(value: f32) -> f32 {
  return value;
}

fn highest(value: f32) -> f32 {
  return value;
}

fn first_of(value: f32) -> f32 {
  return value;
}
#endif

// Both sums over the line's invocations; or with `extreme` the sum of the first and the largest of the second. All must call it.
fn combine_line(value: vec2f, extreme: bool, lane: u32) -> vec2f {
  var half = LANES / 2u;
  if (half == 0u) {
    return value;
  }
  line_values[lane] = value;
  workgroupBarrier();
  for (; half > 0u; half /= 2u) {
    if (lane % LANES < half) {
      let mine = line_values[lane];
      let other = line_values[lane + half];
      line_values[lane] = vec2f(mine.x + other.x, select(mine.y + other.y, max(mine.y, other.y), extreme));
    }
    workgroupBarrier();
  }
  let combined = line_values[lane / LANES * LANES];
  workgroupBarrier();
  return combined;
}
