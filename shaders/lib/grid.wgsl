// Which workgroup this is: past 65,535 the planner folds a count into two dimensions, 65,535 wide.
// The last row may be ragged, so a kernel returns where the index reaches its own count.

fn workgroup_index(id: vec3u) -> u32 {
  return id.y * 65535u + id.x;
}
