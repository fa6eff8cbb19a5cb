// The inputs one after another along the middle axis of [outer, LENGTH, INNER]. An invocation owns one output.

${INPUTS}

override COUNT: u32;
override LENGTH: u32;
override INNER: u32;

fn value_at(index: u32) -> ${VALUE} {
  let inner = index % INNER;
  let along = index / INNER % LENGTH;
  let outer = index / INNER / LENGTH;
${CHOICES}
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group) * 64u + lane;
  if (index >= COUNT) {
    return;
  }
  epilogue(index, value_at(index));
}
