// How the tiles of a product are dealt out where an invocation owns one: TILE_M × TILE_N, which the kernel declares; a workgroup owns
// GROUP_X × GROUP_Y of them. It reads with lib/matmul.wgsl.

override GROUP_X: u32; // invocations along n
override GROUP_Y: u32; // invocations along m
override GROUPS_N: u32 = (N + TILE_N * GROUP_X - 1u) / (TILE_N * GROUP_X);
override GROUPS_M: u32 = (M + TILE_M * GROUP_Y - 1u) / (TILE_M * GROUP_Y);

// The result that a workgroup is of.
fn result_of(group: u32) -> u32 {
  return group / (GROUPS_N * GROUPS_M);
}

// Where the tile begins that is at this place of the workgroup: m and n.
fn tile_begin(group: u32, place: u32) -> vec2u {
  let m = (group / GROUPS_N % GROUPS_M) * GROUP_Y + place / GROUP_X;
  let n = (group % GROUPS_N) * GROUP_X + place % GROUP_X;
  return vec2u(m * TILE_M, n * TILE_N);
}
