// Which workgroup this is, when a count past 65,535 has been folded into two dimensions: count = GRID_X · rows.
override GRID_X: u32 = 65535u;

fn workgroup_index(id: vec3u) -> u32 {
  return id.y * GRID_X + id.x;
}
