// y[p, c] = table[index[p], c]; NaN or 0 where there is no such row. An invocation owns one output.

@group(0) @binding(0) var<storage, read> table: array<${VALUE}>;
@group(0) @binding(1) var<storage, read> indices: array<${INDEX}>;

override COUNT: u32;
override ROWS: u32;
override ROW_SIZE: u32;

fn value_at(index: u32) -> ${VALUE} {
  let position = index / ROW_SIZE;
  // A negative index becomes one past every row.
  let row = u32(indices[${INDEX_AT}]);
  if (row >= ROWS) {
#if ${MISSING_IS_NAN}
    // A constant may not be NaN; what is kept of `row` here is nothing.
    return bitcast<f32>(0x7fc00000u | (row & 0u));
#else
    return ${VALUE}(0);
#endif
  }
  let element = row * ROW_SIZE + index % ROW_SIZE;
  return table[${TABLE_AT}];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = workgroup_index(group) * 64u + lane;
  if (index >= COUNT) {
    return;
  }
  epilogue(index, value_at(index));
}
