/** The clock that times samples, how finely it counts, and how long a sample must therefore be. */

/** A sample is at least so many of the clock's steps long, so that the clock is 1 % of it or less. */
export const QUANTA_IN_SAMPLE = 100;
/** Of what is seen. */
const STEPS_SEEN = 40;
const MOST_READINGS = 2_000_000;

export interface Clock {
  /** Milliseconds. */
  now(): number;
}

export const pageClock: Clock = { now: () => performance.now() };

/** The smallest step of the clock, in milliseconds: browsers round theirs to 5 µs in isolated pages, 100 µs in others, and 1 ms in some. */
export function timerQuantum(clock: Clock = pageClock): number {
  let smallest = Number.POSITIVE_INFINITY;
  let before = clock.now();
  let seen = 0;
  for (let reading = 0; reading < MOST_READINGS && seen < STEPS_SEEN; reading++) {
    const now = clock.now();
    if (now <= before) continue;
    smallest = Math.min(smallest, now - before);
    before = now;
    seen++;
  }
  return Number.isFinite(smallest) ? smallest : 1;
}

/** How often work that takes about `milliseconds` is done in one sample. */
export function runsInSample(milliseconds: number, wanted: number, quantum: number): number {
  const length = Math.max(wanted, QUANTA_IN_SAMPLE * quantum);
  return Math.max(1, Math.ceil(length / Math.max(milliseconds, quantum / QUANTA_IN_SAMPLE)));
}
