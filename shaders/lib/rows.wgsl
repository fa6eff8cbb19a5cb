// Lines of a matrix that LANES neighbouring invocations of a workgroup share: their sums by a fixed tree, so that equal
// inputs give equal bits. Needs SIZE, the invocations of the workgroup. With one lane there is nothing to wait for.

override LANES: u32; // a power of two, at most SIZE
const WIDTH = ${WIDTH}u; // elements of F

var<workgroup> line_values: array<vec3f, SIZE>;

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

// Over the line's invocations, the sums of the first two and the largest of the third. All must call it.
fn combine_line(value: vec3f, lane: u32) -> vec3f {
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
      line_values[lane] = vec3f(mine.xy + other.xy, max(mine.z, other.z));
    }
    workgroupBarrier();
  }
  let combined = line_values[lane / LANES * LANES];
  workgroupBarrier();
  return combined;
}
