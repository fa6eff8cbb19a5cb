/**
 * Measures contestants against each other in one run: warm-up, then rounds in mirrored order (A B C, C B A, …), so that a drift of the machine
 * falls on all alike; medians and quartiles over the rounds.
 */
import { mirrored, spread } from "../src/cli/statistics.ts";
import type { Entry, Target } from "./schema.ts";

export interface Contestant {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly target?: Target;
  /** Everything that is not measured: compiling, data, warm-up. */
  prepare(): Promise<Prepared>;
}

export interface Prepared {
  /** One sample, in the contestant's unit. */
  sample(): Promise<number>;
  readonly facts: Readonly<Record<string, number | string>>;
  dispose(): void;
}

export interface Effort {
  /** Samples of each contestant, where the time allows. */
  readonly rounds: number;
  /** Not begun after so long, once there are `fewestRounds`. */
  readonly seconds: number;
  readonly fewestRounds: number;
  readonly warmUps: number;
}

export async function measure(
  contestants: readonly Contestant[],
  effort: Effort,
  adapterClass: string,
  tell: (line: string) => void,
): Promise<Entry[]> {
  const runners: { contestant: Contestant; prepared: Prepared; samples: number[] }[] = [];
  try {
    for (const contestant of contestants) {
      tell(`${contestant.title}: preparing`);
      const prepared = await contestant.prepare();
      runners.push({ contestant, prepared, samples: [] });
      for (let warmUp = 0; warmUp < effort.warmUps; warmUp++) await prepared.sample();
    }
    const started = performance.now();
    for (let round = 0; round < effort.rounds; round++) {
      if (round >= effort.fewestRounds && performance.now() - started > effort.seconds * 1000) break;
      for (const { prepared, samples } of mirrored(runners, round)) samples.push(await prepared.sample());
      tell(
        `round ${round + 1} of ${effort.rounds}: ${runners.map(({ contestant, samples }) => `${contestant.id} ${samples.at(-1)!.toPrecision(3)}`).join(", ")}`,
      );
    }
    return runners.map(({ contestant, prepared, samples }) => entryOf(contestant, samples, prepared.facts, adapterClass));
  } finally {
    for (const { prepared } of runners) prepared.dispose();
  }
}

export function entryOf(
  { id, title, unit, target = null }: Pick<Contestant, "id" | "title" | "unit"> & { readonly target?: Target | null },
  samples: readonly number[],
  facts: Readonly<Record<string, number | string>>,
  adapterClass: string,
): Entry {
  const { median, lowerQuartile, upperQuartile } = spread(samples);
  const applies = target !== null && (target.adapterClass === "any" || target.adapterClass === adapterClass);
  const met = applies ? (target.relation === "at most" ? median <= target.value : median >= target.value) : null;
  return { id, title, unit, median, lowerQuartile, upperQuartile, samples: [...samples], facts: { ...facts }, target, met };
}
