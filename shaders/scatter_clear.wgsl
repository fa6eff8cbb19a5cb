// heads[r] = PLACES, which is no place: row r is empty. An invocation owns one row.

@group(0) @binding(0) var<storage, read_write> heads: array<u32>;

override ROWS: u32;
override PLACES: u32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = workgroup_index(group) * 64u + lane;
  if (row < ROWS) {
    heads[row] = PLACES;
  }
}
