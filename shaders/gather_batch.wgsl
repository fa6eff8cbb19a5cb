// The batch: sample `permutation[(batch start + i) mod POSITIONS]` of the data set becomes row i, its bytes made
// numbers. With SEQUENTIAL there is no permutation: the samples are taken in their own order, mod POSITIONS.
// An invocation owns one element of x, and those past them one of y.

#if ${BYTES}
@group(0) @binding(0) var<storage, read> data_x: array<u32>; // four bytes a word, the first in the lowest bits
#else
@group(0) @binding(0) var<storage, read> data_x: array<f32>;
#endif
@group(0) @binding(1) var<storage, read> data_y: array<u32>; // bits of whatever type y has
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;
#if ${SEQUENTIAL}
#else
@group(0) @binding(5) var<storage, read> permutation: array<u32>;
#endif

override ROWS: u32;
override POSITIONS: u32;
override SAMPLE_X: u32; // elements of a sample
override SAMPLE_Y: u32;
override SCALE: f32;

fn sample_of(row: u32) -> u32 {
  let position = (step[1] % POSITIONS + row) % POSITIONS;
#if ${SEQUENTIAL}
  return position;
#else
  return permutation[position];
#endif
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group_id) * 64u + lane;
  if (index < ROWS * SAMPLE_X) {
    let at = sample_of(index / SAMPLE_X) * SAMPLE_X + index % SAMPLE_X;
#if ${BYTES}
    x[index] = f32((data_x[at / 4u] >> (at % 4u * 8u)) & 0xffu) * SCALE;
#else
    x[index] = data_x[at] * SCALE;
#endif
    return;
  }
  let target_index = index - ROWS * SAMPLE_X;
  if (target_index < ROWS * SAMPLE_Y) {
    y[target_index] = data_y[sample_of(target_index / SAMPLE_Y) * SAMPLE_Y + target_index % SAMPLE_Y];
  }
}
