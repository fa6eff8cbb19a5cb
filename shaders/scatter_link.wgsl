// Lists of the places of each row, in blocks of BLOCK places: heads[b, r] = the first place of block b whose index is r; next[p] = the
// next place after p in its block with the index of p, or PLACES. An invocation owns one place.

@group(0) @binding(0) var<storage, read> indices: array<${INDEX}>;
@group(0) @binding(1) var<storage, read_write> heads: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> next: array<u32>;

override ROWS: u32;
override PLACES: u32;
override BLOCK: u32;

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
  let block = place / BLOCK;
  atomicMin(&heads[block * ROWS + row], place);
  let end = min((block + 1u) * BLOCK, PLACES);
  var other = place + 1u;
  while (other < end && index_at(other) != row) {
    other += 1u;
  }
  next[place] = select(PLACES, other, other < end);
}
