/**
 * What each remedy buys: steps and seconds until the loss on the digits is low, over seeds, and how many seeds never got there. From two starts: one
 * from which the plain net learns slowly, and one from which it does not, because its gradients vanish.
 */
import { type Engine, parseExperiment, prepareExperiment } from "../../src/index.ts";
import { entryOf } from "../measure.ts";
import { median } from "../method/bootstrap.ts";
import { type ExperimentJson, MOST_STEPS, type NetSize, plainNet } from "../remedies/plainNet.ts";
import { benefitId, START_NAMES, STARTS, type StartName } from "../remedies/starts.ts";
import { experimentOf, PLAIN, VARIANTS, type Variant } from "../remedies/variants.ts";
import type { Entry } from "../schema.ts";
import type { Suite, SuiteContext } from "../suite.ts";

/** Narrow, so that a step takes a few milliseconds on a processor. */
const NET: NetSize = { depth: 24, width: 32, batchSize: 32 };
const TINY: NetSize = { depth: 2, width: 16, batchSize: 16 };
const SEEDS = 5;
/** Of the mean of the last so many batches. */
const TARGET_LOSS = 0.5;
const BATCHES = 10;
/** A net that still guesses after so many steps, at a loss near ln 10 = 2.30, is given up. */
const STUCK_AFTER = 200;
const STUCK_LOSS = 2.25;

interface Outcome {
  readonly seed: number;
  /** Null where it never got there. */
  readonly steps: number | null;
  readonly seconds: number;
  /** Mean of the last batches. */
  readonly loss: number;
}

export interface Candidate {
  readonly start: StartName;
  readonly group: string;
  readonly variant: Variant;
  readonly outcomes: Outcome[];
}

const groupName = ({ start, group }: Candidate): string => `${group}, ${STARTS[start].title}`;

/** Where other weights are the remedy, they are the start. */
export const benefitExperiment = (
  { start, variant }: Pick<Candidate, "start" | "variant">,
  size: NetSize,
  seed: number,
): ExperimentJson => {
  const experiment = experimentOf(plainNet(size, seed), variant, size);
  return INITIAL.has(variant) ? experiment : STARTS[start].experiment(experiment);
};

const INITIAL: ReadonlySet<Variant> = new Set(VARIANTS["initial weights"]);

/**
 * The plain net and every remedy that changes how it trains, towards the same loss, from either start; other weights once, for they are a start of
 * their own.
 */
export function candidates(): Candidate[] {
  const all = [
    { group: "plain", variant: PLAIN },
    ...Object.entries(VARIANTS).flatMap(([group, variants]) => (variants as readonly Variant[]).map((variant) => ({ group, variant }))),
  ].filter(({ variant }) => !variant.sameTraining && !variant.otherLoss);
  return START_NAMES.flatMap((start) =>
    all.filter(({ variant }) => start === "vanishing" || !INITIAL.has(variant)).map((one): Candidate => ({ start, ...one, outcomes: [] })),
  );
}

export const benefits: Suite = async (context) => {
  const { quick, deadline, leave, tell, signal, wants } = context;
  const wanted = candidates().filter((one) => wants(groupName(one), one.variant.title));
  const chosen = quick ? wanted.slice(0, 2) : wanted;
  if (chosen.length === 0) return [];
  const seeds = Array.from({ length: quick ? 1 : SEEDS }, (_, index) => context.seed + index);
  const gpu = await context.open();
  try {
    // Seed by seed, so that where time runs out all have had nearly as many.
    for (const seed of seeds)
      for (const [index, one] of chosen.entries()) {
        const { start, variant, outcomes } = one;
        // What was trained until then is kept.
        if (signal?.aborted) break;
        if (deadline.over) {
          leave(`seed ${seed}: ${chosen.length - index} of ${chosen.length}, for no time was left`);
          break;
        }
        tell(`${variant.title}, ${STARTS[start].title}, seed ${seed}`);
        try {
          const size = quick ? TINY : NET;
          const experiment = benefitExperiment(one, size, seed);
          outcomes.push(await trained(gpu, experiment, seed, context));
        } catch (error) {
          if (!signal?.aborted) leave(`${variant.title}, seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
  } finally {
    gpu.dispose();
  }
  return chosen.filter(({ outcomes }) => outcomes.length > 0).map((candidate) => entryOfCandidate(candidate, context));
};

/** Trains until the loss is low, the steps are over, the net is stuck, or the loss is no number any more. */
async function trained(gpu: Engine, experiment: ExperimentJson, seed: number, { quick, clock, signal }: SuiteContext): Promise<Outcome> {
  const { dataset, options } = await prepareExperiment(parseExperiment(experiment));
  const trainer = await gpu.train(options);
  try {
    await trainer.prepare(dataset);
    const started = clock.now();
    const last: number[] = [];
    const outcome = (steps: number | null): Outcome => ({
      seed,
      steps,
      seconds: (clock.now() - started) / 1000,
      loss: last.reduce((sum, one) => sum + one / last.length, 0),
    });
    for await (const { step, loss } of trainer.run(dataset, {
      steps: quick ? BATCHES : MOST_STEPS,
      every: 1,
      ...(signal ? { signal } : {}),
    })) {
      last.push(loss);
      if (!Number.isFinite(loss)) break;
      if (last.length < BATCHES) continue;
      if (last.length > BATCHES) last.shift();
      const soFar = outcome(step + 1);
      if (soFar.loss <= TARGET_LOSS) return soFar;
      if (step + 1 === STUCK_AFTER && soFar.loss > STUCK_LOSS) break;
    }
    return outcome(null);
  } finally {
    trainer.dispose();
  }
}

/** A seed that never got there counts as all steps. */
function entryOfCandidate(candidate: Candidate, context: SuiteContext): Entry {
  const { start, variant, outcomes } = candidate;
  const reached = outcomes.filter(({ steps }) => steps !== null);
  const steps = outcomes.map((outcome) => outcome.steps ?? MOST_STEPS);
  const finite = outcomes.map(({ loss }) => loss).filter(Number.isFinite);
  return {
    ...entryOf({ id: benefitId(start, variant), title: variant.title }, groupName(candidate), steps, context),
    unit: "steps",
    facts: {
      "never got there": `${outcomes.length - reached.length} of ${outcomes.length}`,
      ...(reached.length > 0 ? { seconds: median(reached.map(({ seconds }) => seconds)) } : {}),
      "last loss": finite.length > 0 ? median(finite) : "not finite",
    },
  };
}
