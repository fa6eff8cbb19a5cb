// heads[i] = PLACES, which is no place: the list is empty. An invocation owns one list.

@group(0) @binding(0) var<storage, read_write> heads: array<u32>;

override LISTS: u32;
override PLACES: u32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let list = workgroup_index(group) * 64u + lane;
  if (list < LISTS) {
    heads[list] = PLACES;
  }
}
