/**
 * The training loop: submits step after step, bounded by `Pace`, and hands over the records of monitored steps, in order and complete.
 *
 * Every step writes its record into a ring on the GPU. A read is one copy of a stretch of that ring, in the submit of a monitored step, and
 * brings the records of several monitored steps where they follow closely; the loop does not wait for it.
 */
import { throwIfAborted } from "../core/errors.ts";
import { Breath } from "./breath.ts";
import type { Control } from "./control.ts";
import { Pace } from "./pace.ts";

export interface Stretch {
  /** First step whose record is wanted. */
  readonly from: number;
  readonly count: number;
}

/** What the loop drives; `W` is what a read brings. */
export interface LoopHost<W = Uint32Array> {
  /** Submits the step, which is `monitored` or not; with `read`, resolves with the records of these steps when the GPU has made them. */
  submit(step: number, read: Stretch | null, monitored: boolean): Promise<W> | undefined;
  /** The records of steps that were submitted before. */
  read(stretch: Stretch): Promise<W>;
  settled(): Promise<void>;
  throwIfFailed(): void;
  now(): number;
}

export interface LoopOptions {
  readonly first: number;
  readonly steps: number;
  /** Monitored are the steps that this divides, and the last. */
  readonly every: number;
  /** Records that the ring holds. */
  readonly slots: number;
  readonly control: Control;
  readonly signal: AbortSignal | undefined;
}

/** The words of a read, and which of its records are of monitored steps. */
export interface Arrival<W = Uint32Array> {
  readonly words: W;
  readonly indices: readonly number[];
}

/** Reads under way at once; their memory is made before the run. */
export const MOST_READS = 8;

interface Read<W> {
  readonly stretch: Stretch;
  readonly wanted: readonly number[];
  words: W | null;
}

export async function* trainingLoop<W>(host: LoopHost<W>, options: LoopOptions): AsyncGenerator<Arrival<W>, void, undefined> {
  const { first, every, slots, control, signal } = options;
  const end = first + options.steps;
  const pace = new Pace(() => host.now());
  const breath = new Breath(() => host.now());
  const fences: Promise<void>[] = [];
  const reads: Read<W>[] = [];
  /** Monitored steps whose records are still only on the GPU. */
  let unread: number[] = [];
  let lastRead = Number.NEGATIVE_INFINITY;
  let failure: { readonly error: unknown } | null = null;

  const watch = (reached: Promise<unknown>, read: Read<W> | null): void => {
    const fence = pace.fence();
    const settled = reached.then(
      (words) => {
        pace.reached(fence);
        if (read) read.words = words as W;
        fences.splice(fences.indexOf(settled), 1);
      },
      (error: unknown) => {
        failure ??= { error };
        fences.splice(fences.indexOf(settled), 1);
      },
    );
    fences.push(settled);
  };
  const begin = (last: number): Read<W> => {
    const read: Read<W> = { stretch: { from: unread[0]!, count: last - unread[0]! + 1 }, wanted: unread, words: null };
    reads.push(read);
    unread = [];
    lastRead = last;
    return read;
  };
  function* arrived(): Generator<Arrival<W>> {
    for (let read = reads[0]; read?.words; read = reads[0]) {
      reads.shift();
      const { from } = read.stretch;
      yield { words: read.words, indices: read.wanted.map((step) => step - from) };
    }
  }
  const wait = async (): Promise<void> => {
    await fences[0];
    // Fences that were found done together are told one after another: hear all of them before going on.
    await breath.take();
    if (failure) throw failure.error;
    host.throwIfFailed();
  };
  /** Everything that was submitted, down to the last record. */
  async function* drain(): AsyncGenerator<Arrival<W>> {
    if (unread.length > 0) {
      const read = begin(unread.at(-1)!);
      watch(host.read(read.stretch), read);
    }
    while (fences.length > 0) {
      await wait();
      yield* arrived();
    }
    if (failure) throw failure.error;
  }
  /** The next step after `step` that will be monitored. */
  const nextMonitored = (step: number): number => Math.min(end - 1, step - (step % every) + every);
  /** Whether waiting for the next monitored step would lose a record, wrap around the ring, or keep the reader waiting. */
  const readNow = (step: number): boolean => {
    const next = nextMonitored(step);
    return step === end - 1 || Math.floor(next / slots) !== Math.floor(unread[0]! / slots) || next - lastRead > pace.stepsBetweenFences;
  };

  try {
    for (let step = first; step < end && !signal?.aborted; ) {
      host.throwIfFailed();
      if (!control.take()) {
        yield* drain();
        await control.changed(signal);
        continue;
      }
      const single = control.isPaused;
      let read: Read<W> | null = null;
      const monitored = single || step % every === 0 || step === end - 1;
      if (monitored) {
        unread.push(step);
        if (single || readNow(step)) {
          while (reads.length >= MOST_READS) {
            await wait();
            yield* arrived();
          }
          read = begin(step);
        }
      }
      pace.submit();
      const words = host.submit(step, read?.stretch ?? null, monitored);
      if (words) watch(words, read);
      else if (pace.wantsFence) watch(host.settled(), null);
      step++;
      if (reads[0]?.words) yield* arrived();
      while (pace.mustWait && fences.length > 0) {
        await wait();
        yield* arrived();
      }
      if (breath.isDue) await breath.take();
    }
    yield* drain();
    throwIfAborted(signal, "train");
  } finally {
    // Left early, or failed: nothing is under way when the run has ended.
    await Promise.allSettled(fences);
  }
}
