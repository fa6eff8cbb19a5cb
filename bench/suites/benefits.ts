/** What each remedy buys: steps and seconds until the loss on the digits is low, over seeds, and how many seeds never got there. */
import { throwIfAborted } from "../../src/core/errors.ts";
import { type Engine, parseExperiment, prepareExperiment } from "../../src/index.ts";
import { entryOf } from "../measure.ts";
import { median } from "../method/bootstrap.ts";
import { MOST_STEPS, type NetSize, plainNet } from "../remedies/plainNet.ts";
import { experimentOf, PLAIN, VARIANTS, type Variant } from "../remedies/variants.ts";
import type { Entry } from "../schema.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const NET: NetSize = { depth: 24, width: 64, batchSize: 64 };
const TINY: NetSize = { depth: 2, width: 16, batchSize: 16 };
const SEEDS = 5;
/** Of the mean of the last so many batches. */
const TARGET_LOSS = 0.5;
const BATCHES = 10;

interface Outcome {
  readonly seed: number;
  /** Null where it never got there. */
  readonly steps: number | null;
  readonly seconds: number;
}

interface Candidate {
  readonly group: string;
  readonly variant: Variant;
  readonly outcomes: Outcome[];
}

export const benefits: Suite = async (context) => {
  const { quick, deadline, leave, tell, signal } = context;
  const all = [
    { group: "plain", variant: PLAIN },
    ...Object.entries(VARIANTS).flatMap(([group, variants]) => (variants as readonly Variant[]).map((variant) => ({ group, variant }))),
  ];
  const candidates = (quick ? all.slice(0, 2) : all).map((one): Candidate => ({ ...one, outcomes: [] }));
  const seeds = Array.from({ length: quick ? 1 : SEEDS }, (_, index) => context.seed + index);
  const gpu = await context.open();
  try {
    // Seed by seed, so that where time runs out all have had nearly as many.
    for (const seed of seeds)
      for (const [index, { variant, outcomes }] of candidates.entries()) {
        throwIfAborted(signal, "the benchmark");
        if (deadline.over) {
          leave(`seed ${seed}: ${candidates.length - index} of ${candidates.length}, for no time was left`);
          break;
        }
        tell(`${variant.title}, seed ${seed}`);
        try {
          outcomes.push(await trained(gpu, variant, seed, context));
        } catch (error) {
          leave(`${variant.title}, seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
  } finally {
    gpu.dispose();
  }
  return candidates.filter(({ outcomes }) => outcomes.length > 0).map((candidate) => entryOfCandidate(candidate, context));
};

/** Trains until the loss is low, the steps are over, or the loss is no number any more. */
async function trained(gpu: Engine, variant: Variant, seed: number, { quick, clock, signal }: SuiteContext): Promise<Outcome> {
  const size = quick ? TINY : NET;
  const experiment = experimentOf(plainNet(size, seed), variant, size);
  const { dataset, options } = await prepareExperiment(parseExperiment(experiment));
  const trainer = await gpu.train(options);
  try {
    await trainer.prepare(dataset);
    const started = clock.now();
    const seconds = (): number => (clock.now() - started) / 1000;
    const recent: number[] = [];
    for await (const { step, loss } of trainer.run(dataset, {
      steps: quick ? BATCHES : MOST_STEPS,
      every: 1,
      ...(signal ? { signal } : {}),
    })) {
      recent.push(loss);
      if (!Number.isFinite(loss)) break;
      const last = recent.slice(-BATCHES);
      if (last.length === BATCHES && last.reduce((sum, one) => sum + one, 0) / BATCHES <= TARGET_LOSS)
        return { seed, steps: step + 1, seconds: seconds() };
    }
    return { seed, steps: null, seconds: seconds() };
  } finally {
    trainer.dispose();
  }
}

/** A seed that never got there counts as all steps. */
function entryOfCandidate({ group, variant, outcomes }: Candidate, context: SuiteContext): Entry {
  const reached = outcomes.filter(({ steps }) => steps !== null);
  const steps = outcomes.map((outcome) => outcome.steps ?? MOST_STEPS);
  return {
    ...entryOf({ id: variant.id, title: variant.title }, group, steps, context),
    unit: "steps",
    facts: {
      "never got there": `${outcomes.length - reached.length} of ${outcomes.length}`,
      ...(reached.length > 0 ? { seconds: median(reached.map(({ seconds }) => seconds)) } : {}),
      target: `mean loss of ${BATCHES} batches at ${TARGET_LOSS}, within ${MOST_STEPS} steps`,
    },
  };
}
