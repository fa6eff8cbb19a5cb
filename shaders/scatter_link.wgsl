// heads[r] = the first place whose index is r; next[p] = the next place after p with the index of p, or PLACES. An invocation owns one place.

@group(0) @binding(0) var<storage, read> indices: array<${INDEX}>;
@group(0) @binding(1) var<storage, read_write> heads: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> next: array<u32>;

override ROWS: u32;
override PLACES: u32;

fn index_at(position: u32) -> u32 {
  return u32(indices[${INDEX_AT}]);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = workgroup_index(group) * 64u + lane;
  if (place >= PLACES) {
    return;
  }
  let row = index_at(place);
  if (row >= ROWS) {
    return;
  }
  atomicMin(&heads[row], place);
  var other = place + 1u;
  while (other < PLACES && index_at(other) != row) {
    other += 1u;
  }
  next[place] = other;
}
