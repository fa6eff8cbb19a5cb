// A schedule that follows the losses, as torch.optim.lr_scheduler.ReduceLROnPlateau with mode "min": the mean loss of an
// interval of steps is held against the best, and where it has not got better for long the factor of the rate falls.
//
// The state lies in `counters`: 7 factor (0 bits: 1), 8 best, 9 intervals that were better, 10 bad intervals in a row,
// 11 intervals of cooldown left, 12 and 13 the interval's sum of losses and what its rounding has lost, 14 its steps; 15 is
// always 0. The step's word 15 says whether its loss counts (1) and whether it ends an interval (2).
#if ${PLATEAU}
override PLATEAU_INITIAL: f32;
override PLATEAU_FACTOR: f32;
override PLATEAU_PATIENCE: u32;
override PLATEAU_THRESHOLD: f32;
override PLATEAU_RELATIVE: u32; // 1: a share of the best; 0: a difference
override PLATEAU_COOLDOWN: u32;
override PLATEAU_MINIMUM: f32;

fn plateau_factor() -> f32 {
  return select(bitcast<f32>(counters[7]), 1.0, counters[7] == 0u);
}

fn is_finite_bits(bits: u32) -> bool {
  return (bits & 0x7f800000u) != 0x7f800000u;
}

// The value by way of a number that no compiler knows: what is computed from it is not reassociated.
fn as_it_is(value: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(value) ^ counters[15]);
}

// Adds the loss to the sum by Knuth's two-sum: 100,000 steps lose no more than one.
fn plateau_add(loss: u32) {
  counters[14] += 1u;
  if (!is_finite_bits(loss) || !is_finite_bits(counters[12])) {
    counters[12] = 0x7fc00000u;
    return;
  }
  let sum = bitcast<f32>(counters[12]);
  let value = bitcast<f32>(loss);
  let whole = as_it_is(sum + value);
  let added = as_it_is(whole - sum);
  let kept = as_it_is(whole - added);
  let lost = as_it_is(sum - kept) + as_it_is(value - added);
  counters[12] = bitcast<u32>(whole);
  counters[13] = bitcast<u32>(bitcast<f32>(counters[13]) + lost);
}

fn plateau_end_interval() {
  let mean = (bitcast<f32>(counters[12]) + bitcast<f32>(counters[13])) / f32(counters[14]);
  let best = bitcast<f32>(counters[8]);
  let limit = select(best - PLATEAU_THRESHOLD, best * (1.0 - PLATEAU_THRESHOLD), PLATEAU_RELATIVE == 1u);
  if (is_finite_bits(counters[12]) && (counters[9] == 0u || mean < limit)) {
    counters[8] = bitcast<u32>(mean);
    counters[9] += 1u;
    counters[10] = 0u;
  } else {
    counters[10] += 1u;
  }
  if (counters[11] > 0u) {
    counters[11] -= 1u;
    counters[10] = 0u;
  }
  if (counters[10] > PLATEAU_PATIENCE) {
    let factor = plateau_factor();
    let rate = max(PLATEAU_INITIAL * (factor * PLATEAU_FACTOR), PLATEAU_MINIMUM);
    // PyTorch's eps: smaller drops are not made.
    if (PLATEAU_INITIAL * factor - rate > 1e-8) {
      counters[7] = bitcast<u32>(rate / PLATEAU_INITIAL);
    }
    counters[11] = PLATEAU_COOLDOWN;
    counters[10] = 0u;
  }
  counters[12] = 0u;
  counters[13] = 0u;
  counters[14] = 0u;
}

// After the step's own rate is settled; not once training has stopped, because those steps are yet to be made.
fn plateau_advance(word: u32, loss: u32, skipped: bool) {
  if (word == 0u) {
    return;
  }
  if (!skipped) {
    plateau_add(loss);
  }
  // An interval all of whose steps were skipped says nothing.
  if ((word & 2u) != 0u && counters[14] > 0u) {
    plateau_end_interval();
  }
}
#endif
