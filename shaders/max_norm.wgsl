// Rows of weights that are longer than MAX are multiplied by MAX / (‖w‖ + 1e-7), in place, as torch.renorm does (Srivastava et al., 2014).
// Nothing is touched where the summary says to skip, in frozen parameters, and in rows that are not finite.

@group(0) @binding(0) var<storage, read> rows_table: array<u32>;
@group(0) @binding(1) var<storage, read> chunks: array<u32>;
@group(0) @binding(2) var<storage, read> summary: array<u32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;

override MAX: f32;

fn value_at(source: u32, at: u32) -> f32 {
  return parameters[at];
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) index: u32) {
  let number = workgroup_index(group_id);
  if (number >= TILES || summary[0] != 0u) {
    return;
  }
  let tile = tile_at(number);
  if (chunks[tile.chunk * 8u + 3u] != 0u || chunks[tile.chunk * 8u + 6u] == 0u) {
    return;
  }
  for (var first = 0u; first < tile.rows; first += SIZE / tile.lanes) {
    let row = first + index / tile.lanes;
    let begin = tile.offset + min(row, tile.rows - 1u) * tile.length;
    let end = select(begin, begin + tile.length, row < tile.rows);
    let w = row_norm(0u, begin, end, index, tile.lanes);
    if (w.bad == 0u && is_longer(w.norm, MAX)) {
      let scale = shortened(MAX, w.norm, 1e-7);
      for (var at = begin + index % tile.lanes; at < end; at += tile.lanes) {
        parameters[at] = scaled_by(parameters[at], scale);
      }
    }
  }
}
