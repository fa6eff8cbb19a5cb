// Muon's last pass over the parameter arena, one workgroup a chunk, as torch.optim.Muon does it: every weight decay is beside the
// gradient, w = w·(1 − learning rate · weight decay). A matrix then follows its orthogonalised direction, which the stacks
// hold, with the factor for its shape already in it; all others AdamW's, from the moments of the first pass
// (muon_moments.wgsl):
//   w = w − learning rate · x, or w = w − learning rate/(1 − β1ᵗ) · m / (√v / √(1 − β2ᵗ) + EPSILON)

@group(0) @binding(4) var<storage, read> corrections: array<vec2f>;
@group(0) @binding(5) var<storage, read> stacks: array<f32>;
@group(0) @binding(6) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(7) var<storage, read> moments: array<vec4f>;

override PARAMETERS: u32; // elements of the arena
override CORRECTIONS: u32; // entries of the table
override EPSILON: f32;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = workgroup_index(group_id);
  if (is_idle(chunk)) {
    return;
  }
  let owned = owned_chunk(chunk);
  let begin = chunks[chunk * 8u + 5u];
  let stacked = begin != 0xffffffffu;
  let correction = corrections[min(summary[2], CORRECTIONS - 1u)];
  for (var element = owned.begin + 4u * lane; element < owned.end; element += 4u * SIZE) {
    let index = element / 4u;
    let w = parameters[index];
    var direction = vec4f();
    if (stacked) {
      let place = begin + element - owned.begin;
      for (var at = 0u; at < min(4u, owned.end - element); at++) {
        direction[at] = stacks[place + at];
      }
    } else {
      direction = correction.x * (moments[index] / (sqrt(moments[PARAMETERS / 4u + index]) * correction.y + EPSILON));
    }
    let decayed = w - owned.learning_rate * owned.weight_decay * w;
    parameters[index] = select(w, decayed - owned.learning_rate * direction, is_owned(owned, element));
  }
}
