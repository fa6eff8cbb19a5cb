// positions[o] = the first k at which x[o, k] is largest (or with SMALLEST, smallest); NaN counts as that.
//
// Element (o, k) lies at OFFSET + KEPT(o) + k · STRIDE. With SERIAL an invocation owns an output; without, a workgroup does:
// each lane takes every SIZE-th element, then the lanes are compared by a tree.

@group(0) @binding(0) var<storage, read> x: array<${INPUT}>;
@group(0) @binding(1) var<storage, read_write> positions: array<i32>;

override OUTPUTS: u32;
override LENGTH: u32; // at least 1
override STRIDE: u32;
override OFFSET: u32;
const SIZE = ${SIZE}u;

fn kept_offset(index: u32) -> u32 {
  return ${KEPT};
}

#if ${FLOAT}
const NAN_KEY = 0xffffffffu;

// Positive numbers order by their bits, negative ones against them; both zeros are one number.
fn float_key(v: f32) -> u32 {
  let bits = bitcast<u32>(v);
  let magnitude = bits & 0x7fffffffu;
  let key = select(bits | 0x80000000u, ~bits, magnitude != bits);
  let signed = select(key, 0x80000000u, magnitude == 0u);
  return select(signed, NAN_KEY, magnitude > 0x7f800000u);
}
#endif

// Larger is better.
fn key_of(v: ${INPUT}) -> u32 {
  let key = ${KEY};
#if ${SMALLEST}
#if ${FLOAT}
  return select(~key, NAN_KEY, key == NAN_KEY);
#else
  return ~key;
#endif
#else
  return key;
#endif
}

struct Best {
  key: u32,
  position: u32,
}

fn better(a: Best, b: Best) -> Best {
  if (a.key > b.key || (a.key == b.key && a.position < b.position)) {
    return a;
  }
  return b;
}

fn best_of(o: u32, first: u32, stride: u32) -> Best {
  let start = OFFSET + kept_offset(o);
  var best = Best(key_of(x[start + first * STRIDE]), first);
  for (var k = first + stride; k < LENGTH; k += stride) {
    let key = key_of(x[start + k * STRIDE]);
    if (key > best.key) {
      best = Best(key, k);
    }
  }
  return best;
}

#if ${SERIAL}
@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let o = workgroup_index(group) * SIZE + lane;
  if (o >= OUTPUTS) {
    return;
  }
  positions[o] = i32(best_of(o, 0u, 1u).position);
}
#else
var<workgroup> lane_bests: array<Best, SIZE>;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let o = workgroup_index(group);
  if (o >= OUTPUTS) {
    return;
  }
  if (lane < LENGTH) {
    lane_bests[lane] = best_of(o, lane, SIZE);
  }
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half && lane + half < LENGTH) {
      lane_bests[lane] = better(lane_bests[lane], lane_bests[lane + half]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    positions[o] = i32(lane_bests[0].position);
  }
}
#endif
