// Muon's first pass over the parameter arena, one workgroup a chunk: what it keeps takes in the gradient g after penalty and
// clip (lib/update.wgsl). Of a matrix that is to be orthogonalised, which has a place in the stacks:
//   b = b + (1 − MOMENTUM)·(g − b);  u = g + MOMENTUM·(b − g) with NESTEROV, else b
// and each chunk tells Σ u², as [exponent (i32), sum (f32)] and [−126, 0] (lib/squares.wgsl). Of all others AdamW's moments:
//   m = m + (1 − β1)·(g − m);  v = β2·v + (1 − β2)·g²
// moments: b or m for every parameter, then v.

@group(0) @binding(4) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partials: array<vec4u>;

override PARAMETERS: u32; // elements of the arena
override MOMENTUM: f32;
override ONE_MINUS_MOMENTUM: f32;
override NESTEROV: u32;
override BETA_2: f32;
override ONE_MINUS_BETA_1: f32;
override ONE_MINUS_BETA_2: f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (is_idle(chunk)) {
    return;
  }
  let owned = owned_chunk(chunk);
  let stacked = chunks[chunk * 8u + 5u] != 0xffffffffu;
  let keep = select(ONE_MINUS_BETA_1, ONE_MINUS_MOMENTUM, stacked);
  var squares = NO_SQUARES;
  for (var block = owned.begin + 4u * lane; block < owned.end; block += 4u * SIZE * BLOCK) {
    var part = NO_SQUARES;
    for (var element = block; element < min(block + 4u * SIZE * BLOCK, owned.end); element += 4u * SIZE) {
      let index = element / 4u;
      let ours = is_owned(owned, element);
      let g = clipped_gradient(owned, index, parameters[index]);
      let old = moments[index];
      let mean = old + keep * (g - old);
      moments[index] = select(old, mean, ours);
      if (stacked) {
        let u = select(mean, g + MOMENTUM * (mean - g), NESTEROV == 1u);
        part = add_squares(part, select(vec4f(), u, ours));
      } else {
        let old_v = moments[PARAMETERS / 4u + index];
        moments[PARAMETERS / 4u + index] = select(old_v, BETA_2 * old_v + ONE_MINUS_BETA_2 * g * g, ours);
      }
    }
    squares = join_squares(squares, part);
  }
  squares = sum_squares(squares, lane);
  if (lane == 0u) {
    partials[chunk] = vec4u(bitcast<u32>(squares.exponent), bitcast<u32>(squares.sum), bitcast<u32>(-126i), 0u);
  }
}
