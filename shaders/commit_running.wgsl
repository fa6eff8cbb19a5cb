// Running statistics of every batch-norm take in the batch's, one workgroup a batch-norm:
//   mean = (1 − m)·mean + m·batch mean,  variance = (1 − m)·variance + m·batch variance · B/(B − 1)
// A row of the table: offsets of mean and variance in `running`, of mean and variance in `statistics`, features,
// m (f32), B/(B − 1) (f32), 0. Nothing is touched where the summary says to skip.

@group(0) @binding(0) var<storage, read> statistics: array<f32>;
@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(2) var<storage, read> summary: array<u32>;
@group(0) @binding(3) var<storage, read_write> running: array<f32>;

override NORMS: u32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let norm = workgroup_index(group_id);
  if (norm >= NORMS || summary[0] != 0u) {
    return;
  }
  let row = norm * 8u;
  let features = table[row + 4u];
  let momentum = bitcast<f32>(table[row + 5u]);
  let correction = bitcast<f32>(table[row + 6u]);
  for (var feature = lane; feature < features; feature += 64u) {
    let mean = table[row] + feature;
    let variance = table[row + 1u] + feature;
    running[mean] = (1.0 - momentum) * running[mean] + momentum * statistics[table[row + 2u] + feature];
    running[variance] = (1.0 - momentum) * running[variance] + momentum * (statistics[table[row + 3u] + feature] * correction);
  }
}
