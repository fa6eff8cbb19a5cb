// output[o · CHUNKS + c] = Σ of the elements CHUNK·c .. of the LENGTH that are reduced into output o, wherever they lie.
// SERIAL: an invocation owns an output. Else a workgroup owns a chunk: lanes add every 64th element, then a tree of 64.

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

override OUTPUTS: u32;
override LENGTH: u32;
override CHUNK: u32;
override CHUNKS: u32;
override OFFSET: u32;

fn kept(index: u32) -> u32 {
  return ${KEPT};
}

fn reduced(index: u32) -> u32 {
  return ${REDUCED};
}

#if ${SERIAL}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let output = workgroup_index(group) * 64u + lane;
  if (output >= OUTPUTS) {
    return;
  }
  let base = kept(output) + OFFSET;
  var total = 0.0;
  for (var i = 0u; i < LENGTH; i++) {
    total += x[base + reduced(i)];
  }
  y[output] = total;
}
#else
var<workgroup> totals: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = workgroup_index(group);
  if (item >= OUTPUTS * CHUNKS) {
    return;
  }
  let base = kept(item / CHUNKS) + OFFSET;
  let start = item % CHUNKS * CHUNK;
  let end = min(start + CHUNK, LENGTH);
  var total = 0.0;
  for (var i = start + lane; i < end; i += 64u) {
    total += x[base + reduced(i)];
  }
  totals[lane] = total;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      totals[lane] += totals[lane + half];
    }
  }
  if (lane == 0u) {
    y[item] = totals[0];
  }
}
#endif
