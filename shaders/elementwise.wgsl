// Fused elementwise work: `element(index)`, generated, loads, computes and stores the elements index .. index + WIDTH − 1.
// Each invocation owns WIDTH consecutive elements of the row-major output.

${ELEMENT}

override COUNT: u32; // elements / WIDTH
const WIDTH = ${WIDTH}u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = workgroup_index(group) * 64u + lane;
  if (item >= COUNT) {
    return;
  }
  element(item * WIDTH);
}
