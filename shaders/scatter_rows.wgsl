// y[g, r, c] = Σ values[p, c] over the places p of row r in blocks g · SPAN .. (g + 1) · SPAN - 1: in each from heads[block, r] along
// `next`, so that they come in order. An invocation owns one output, and adds up PART terms at a time.

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> heads: array<u32>;
@group(0) @binding(2) var<storage, read> next: array<u32>;

override COUNT: u32; // outputs of a g
override GROUPS: u32;
override SPAN: u32;
override BLOCKS: u32;
override ROWS: u32;
override PLACES: u32;
override ROW_SIZE: u32;

const PART = 64u; // terms added up before they join the total

fn sum_of(group: u32, row: u32, column: u32) -> f32 {
  var total = 0.0;
  var part = 0.0;
  var taken = 0u;
  for (var block = group * SPAN; block < min((group + 1u) * SPAN, BLOCKS); block++) {
    for (var place = heads[block * ROWS + row]; place < PLACES; place = next[place]) {
      let element = place * ROW_SIZE + column;
      part += values[${VALUES_AT}];
      taken += 1u;
      if (taken % PART == 0u) {
        total += part;
        part = 0.0;
      }
    }
  }
  return total + part;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group_id) * 64u + lane;
  if (index >= COUNT * GROUPS) {
    return;
  }
  epilogue(index, sum_of(index / COUNT, index % COUNT / ROW_SIZE, index % ROW_SIZE));
}
