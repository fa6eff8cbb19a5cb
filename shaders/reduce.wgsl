// results[o, s] = finish(combine over k of map(x[o, k])), where k runs through segment s of the LENGTH reduced elements.
//
// Element (o, k) lies at OFFSET + KEPT(o) + REDUCED(k), so that any view is read where it is. With SERIAL an invocation owns a result
// and takes its SPAN elements itself; segments of one output are OUTPUTS results apart. Without, a workgroup owns a result:
// each lane takes every SIZE-th element, then the lanes are combined by a tree; segments of one output lie side by side.
// Combining starts from the first element, not from an identity, because infinity cannot be written; a lane without elements takes
// part in no combination.

@group(0) @binding(0) var<storage, read> x: array<${INPUT}>;
#if ${EXTRA}
@group(0) @binding(1) var<storage, read> extras: array<${EXTRA_TYPE}>; // one for each output
#endif

override OUTPUTS: u32;
override LENGTH: u32; // at least 1
override SPAN: u32;
override SEGMENTS: u32;
override OFFSET: u32;
const SIZE = ${SIZE}u;
const BLOCK = 32u;

alias Value = ${VALUE};

fn kept_offset(index: u32) -> u32 {
  return ${KEPT};
}

fn reduced_offset(index: u32) -> u32 {
  return ${REDUCED};
}

// v is an element, o its output.
fn map(v: ${INPUT}, o: u32) -> Value {
  return ${MAP};
}

fn combine(a: Value, b: Value) -> Value {
  return ${COMBINE};
}

fn finish(total: Value, o: u32) -> ${OUTPUT} {
  return ${FINISH};
}

// Elements k, k + stride, … below end, of which there is at least one, from where the output's elements begin.
fn combine_block(start: u32, o: u32, k: u32, end: u32, stride: u32) -> Value {
  var total = map(x[start + reduced_offset(k)], o);
  for (var next = k + stride; next < end; next += stride) {
    total = combine(total, map(x[start + reduced_offset(next)], o));
  }
  return total;
}

// The same in blocks of BLOCK, so that fewer roundings follow one on the other.
fn combine_elements(o: u32, first: u32, end: u32, stride: u32) -> Value {
  let start = OFFSET + kept_offset(o);
  let block = BLOCK * stride;
  var total = combine_block(start, o, first, min(first + block, end), stride);
  for (var k = first + block; k < end; k += block) {
    total = combine(total, combine_block(start, o, k, min(k + block, end), stride));
  }
  return total;
}

#if ${SERIAL}
@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = workgroup_index(group) * SIZE + lane;
  if (item >= OUTPUTS * SEGMENTS) {
    return;
  }
  let o = item % OUTPUTS;
  let first = item / OUTPUTS * SPAN;
  epilogue(item, finish(combine_elements(o, first, min(first + SPAN, LENGTH), 1u), o));
}
#else
var<workgroup> lane_totals: array<Value, SIZE>;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = workgroup_index(group);
  if (item >= OUTPUTS * SEGMENTS) {
    return;
  }
  let o = item / SEGMENTS;
  let first = item % SEGMENTS * SPAN;
  let end = min(first + SPAN, LENGTH);
  if (first + lane < end) {
    lane_totals[lane] = combine_elements(o, first + lane, end, SIZE);
  }
  workgroupBarrier();
  // The highest power of two below SIZE, and so on down: lanes from `count` on are empty.
  let count = min(end - first, SIZE);
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half && lane + half < count) {
      lane_totals[lane] = combine(lane_totals[lane], lane_totals[lane + half]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    epilogue(item, finish(lane_totals[0], o));
  }
}
#endif
