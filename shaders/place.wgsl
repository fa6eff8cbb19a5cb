// y[to(i)] = x[from(i)] for i < COUNT: elements move from one layout to another as bits, whatever their dtype.
// Without SOURCE, y[to(i)] = VALUE. Each invocation owns one element.

#if ${SOURCE}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
#else
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
override VALUE: u32;
#endif

override COUNT: u32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group) * 64u + lane;
  if (index >= COUNT) {
    return;
  }
#if ${SOURCE}
  y[${TO}] = x[${FROM}];
#else
  y[index] = VALUE;
#endif
}
