// Lamb's first pass over the parameter arena, one workgroup a chunk (You et al., 2020): the moments take in the gradient after
// penalty and clip (lib/update.wgsl), and each chunk tells Σ w² and Σ r²:
//   m = m + (1 − β1)·(g − m);  v = β2·v + (1 − β2)·g²
//   r = m/(1 − β1ᵗ) / (√v / √(1 − β2ᵗ) + EPSILON) + weight decay · w
// The last pass computes r again, as it is: it is made of what is kept. moments: m for every parameter, then v.
// partials: [exponent (i32), sum (f32)] of w², then of r², for each chunk (lib/squares.wgsl).

@group(0) @binding(4) var<storage, read> corrections: array<vec2f>;
@group(0) @binding(5) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> partials: array<vec4u>;

override PARAMETERS: u32; // elements of the arena
override CORRECTIONS: u32; // entries of the table
override BETA_2: f32;
override ONE_MINUS_BETA_1: f32;
override ONE_MINUS_BETA_2: f32;
override EPSILON: f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (is_idle(chunk)) {
    return;
  }
  let owned = owned_chunk(chunk);
  let correction = corrections[min(summary[2], CORRECTIONS - 1u)];
  var weights = NO_SQUARES;
  var directions = NO_SQUARES;
  for (var block = owned.begin + 4u * lane; block < owned.end; block += 4u * SIZE * BLOCK) {
    var weight_part = NO_SQUARES;
    var direction_part = NO_SQUARES;
    for (var element = block; element < min(block + 4u * SIZE * BLOCK, owned.end); element += 4u * SIZE) {
      let index = element / 4u;
      let ours = is_owned(owned, element);
      let old_m = moments[index];
      let old_v = moments[PARAMETERS / 4u + index];
      let w = parameters[index];
      let g = clipped_gradient(owned, index, w);
      let m = old_m + ONE_MINUS_BETA_1 * (g - old_m);
      let v = BETA_2 * old_v + ONE_MINUS_BETA_2 * g * g;
      let r = m * correction.x / (sqrt(v) * correction.y + EPSILON) + owned.weight_decay * w;
      moments[index] = select(old_m, m, ours);
      moments[PARAMETERS / 4u + index] = select(old_v, v, ours);
      weight_part = add_squares(weight_part, select(vec4f(), w, ours));
      direction_part = add_squares(direction_part, select(vec4f(), r, ours));
    }
    weights = join_squares(weights, weight_part);
    directions = join_squares(directions, direction_part);
  }
  weights = sum_squares(weights, lane);
  directions = sum_squares(directions, lane);
  if (lane == 0u) {
    partials[chunk] = vec4u(
      bitcast<u32>(weights.exponent),
      bitcast<u32>(weights.sum),
      bitcast<u32>(directions.exponent),
      bitcast<u32>(directions.sum),
    );
  }
}
