// Output element i is the input's element that lies there, or fill[0] where none does. An invocation owns one output.

@group(0) @binding(0) var<storage, read> x: array<${INPUT}>;
@group(0) @binding(1) var<storage, read> fill: array<${INPUT}>;

override COUNT: u32;

fn value_at(index: u32) -> ${INPUT} {
  var element = 0u;
  var at = 0u;
#if ${EMPTY}
  return fill[0];
#else
${INSIDE}
  return x[${SOURCE}];
#endif
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group) * 64u + lane;
  if (index >= COUNT) {
    return;
  }
  epilogue(index, value_at(index));
}
