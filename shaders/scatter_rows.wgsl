// y[r, c] = Σ values[p, c] over the places p of row r, from heads[r] along `next`. An invocation owns one output, and adds up in blocks.

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> heads: array<u32>;
@group(0) @binding(2) var<storage, read> next: array<u32>;

override COUNT: u32;
override PLACES: u32;
override ROW_SIZE: u32;

const BLOCK = 64u; // terms added up before they join the total

fn sum_of(row: u32, column: u32) -> f32 {
  var total = 0.0;
  var part = 0.0;
  var taken = 0u;
  for (var place = heads[row]; place < PLACES; place = next[place]) {
    let element = place * ROW_SIZE + column;
    part += values[${VALUES_AT}];
    taken += 1u;
    if (taken % BLOCK == 0u) {
      total += part;
      part = 0.0;
    }
  }
  return total + part;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group) * 64u + lane;
  if (index >= COUNT) {
    return;
  }
  epilogue(index, sum_of(index / ROW_SIZE, index % ROW_SIZE));
}
