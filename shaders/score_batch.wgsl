// Sum of the losses of a batch's valid rows, and how many of them have their label as their largest output; written to the
// batch's own place in `results`, so that batches are added up in float64 elsewhere. One workgroup; rows past `valid` are
// not read. step: batch index, (batch start), …, valid rows at word 8.

@group(0) @binding(0) var<storage, read> losses: array<f32>;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;
#if ${CLASSES}
#if ${SEARCHED}
@group(0) @binding(3) var<storage, read> largest: array<i32>; // where each row's largest output is
#else
@group(0) @binding(3) var<storage, read> outputs: array<f32>;
#endif
@group(0) @binding(4) var<storage, read> labels: array<i32>;
#endif

override ROWS: u32;
override COLUMNS: u32;
override BATCHES: u32;

var<workgroup> sums: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  let valid = min(step[8], ROWS);
  var sum = vec2f(0.0);
  for (var row = lane; row < valid; row += 64u) {
    sum.x += losses[row];
#if ${CLASSES}
#if ${SEARCHED}
    let best = u32(largest[row]);
#else
    var best = 0u;
    var highest = outputs[row * COLUMNS];
    for (var column = 1u; column < COLUMNS; column++) {
      let value = outputs[row * COLUMNS + column];
      if (value > highest) { // the first of equal ones stays
        highest = value;
        best = column;
      }
    }
#endif
    // A row with a NaN has no largest output; its loss is NaN too.
    let finite = (bitcast<u32>(losses[row]) & 0x7f800000u) != 0x7f800000u;
    sum.y += f32(finite && i32(best) == labels[row]);
#endif
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u && step[0] < BATCHES) {
    results[2u * step[0]] = sums[0].x;
    results[2u * step[0] + 1u] = sums[0].y;
  }
}
