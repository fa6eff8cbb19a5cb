/**
 * Fathom beside TensorFlow.js and jax-js: the same nets, initial weights, batches and clip, the same numbers read as often, in turns. What does not
 * agree with Fathom, or fails, is left out and says so.
 */
import packageJson from "../../package.json" with { type: "json" };
import type { Contestant } from "../measure.ts";
import { checkReadings, checkResults } from "../peers/agreement.ts";
import { firstSteps } from "../peers/firstSteps.ts";
import { PEER_NAMES, PEER_TITLES, type PeerName, peersOf } from "../peers/index.ts";
import type { Peer, Reading, Repeatable } from "../peers/peer.ts";
import { batchNorm, digitsNet, type NetSize, product } from "../peers/problems.ts";
import { SIZES_GROUP, sizeEntries } from "../peers/sizeEntries.ts";
import type { Entry, Target } from "../schema.ts";
import type { Suite, SuiteContext } from "../suite.ts";

/** Steps whose losses must agree before anything is timed. */
const CHECKED_STEPS = { full: 10, trial: 3 };
/** Loss and norm are read once in so many steps, by everybody. */
const READ_EVERY = 2;
/** Fathom's runs begin and end with some milliseconds of their own, which belong to no step. */
const SAMPLE_MILLISECONDS = 200;

/** How many times as long as Fathom each peer shall take, on a software adapter. */
type Factors = Partial<Record<PeerName, number>>;

interface Net extends NetSize {
  readonly factors: Factors;
  /** Of a first step from cold, which compiles; those nets alone have one. */
  readonly coldFactors?: Factors;
  /** Of the time that is left. */
  readonly share: number;
}

/** TensorFlow.js on WASM is there twice: the target is that of its fastest. */
const wasm = (factor: number): Factors => ({ "tfjs-wasm": factor, "tfjs-wasm-by-hand": factor });

const NETS: readonly Net[] = [
  { depth: 50, width: 64, batchSize: 64, factors: { jax: 8, "tfjs-webgpu": 35, ...wasm(1) }, coldFactors: { jax: 4 }, share: 0.3 },
  { depth: 8, width: 128, batchSize: 128, factors: { jax: 4, "tfjs-webgpu": 18, ...wasm(1) }, share: 0.2 },
  { depth: 200, width: 32, batchSize: 32, factors: { jax: 25, "tfjs-webgpu": 25, ...wasm(1.3) }, share: 0.65 },
];
/** TensorFlow.js takes ten seconds to compile a step for a software adapter: too long for a trial, which has its single kernels. */
const TRIAL_NAMES = PEER_NAMES.filter((name) => name !== "tfjs-webgpu");
const TRIAL_NETS: readonly Net[] = [{ depth: 2, width: 8, batchSize: 16, factors: {}, coldFactors: {}, share: 1 }];

/** Of the time that is left, for cold starts. */
const COLD_SHARE = 0.2;

const SIZES = [256, 512, 1024, 2048];
const SIZES_WITH_TARGETS: readonly number[] = [512, 1024];
const PRODUCT_FACTORS: Factors = { jax: 2.3, "tfjs-webgpu": 8 };
/** Rows and features. */
const NORM = [1024, 256] as const;
const TRIAL_NORM = [16, 8] as const;
/** A single kernel's time has nothing to do with how gradients are written. */
const NAMES_BY_KERNEL = PEER_NAMES.filter((name) => name !== "tfjs-wasm-by-hand");
/** A check, two first runs, and the fewest rounds. */
const FEWEST_RUNS = 9;
/** Of the time that is left, for one of them at one size. */
const LARGEST_SHARE = 0.4;

type PeerOf = (name: PeerName) => Promise<Peer>;

export const peers: Suite = async (context) => {
  const { quick } = context;
  context.version("TensorFlow.js", packageJson.devDependencies["@tensorflow/tfjs-core"]);
  context.version("jax-js", packageJson.devDependencies["@jax-js/jax"]);
  const peerOf = peersOf(context.open);
  const entries: Entry[] = [];
  for (const net of quick ? TRIAL_NETS : NETS) entries.push(...(await trainNet(net, peerOf, context)));
  let before: readonly Entry[] = [];
  for (const size of quick ? [16] : SIZES) {
    before = await multiply(size, peerOf, before, context);
    entries.push(...before);
  }
  entries.push(...(await normalize(quick ? TRIAL_NORM : NORM, peerOf, context)));
  // Bundling takes longer than a trial.
  return quick || !context.wants(SIZES_GROUP) ? entries : [...entries, ...(await sizeEntries(context))];
};

const titleOf = (name: PeerName, what: string): string => `${PEER_TITLES[name]}, ${what}`;
const idOf = (work: string, name: PeerName): string => `${work}-${name}`;

function targetOf(factor: number | undefined): { readonly target: Target } | undefined {
  return factor === undefined ? undefined : { target: { relation: "at least", value: factor, adapterClass: "software" } };
}

const comparedWithFathom = (work: string, name: PeerName, factors: Factors): Pick<Contestant, "over"> =>
  name === "fathom" ? {} : { over: { id: idOf(work, "fathom"), ...targetOf(factors[name]) } };

async function trainNet(net: Net, peerOf: PeerOf, context: SuiteContext): Promise<Entry[]> {
  const { depth, width, batchSize, factors, coldFactors, share } = net;
  const work = `step-${depth}x${width}`;
  const size = `${depth} × ${width}, batch ${batchSize}`;
  const what = `a step of ${size}`;
  // Before anything of it is compiled here.
  const cold = coldFactors ? await startCold(net, size, coldFactors, peerOf, context) : [];
  const problem = await digitsNet(net);
  const checked = context.quick ? CHECKED_STEPS.trial : CHECKED_STEPS.full;
  let expected: readonly Reading[] | null = null;
  const contestants = (context.quick ? TRIAL_NAMES : PEER_NAMES).map(
    (name): Contestant => ({
      id: idOf(work, name),
      title: titleOf(name, what),
      runsTogether: READ_EVERY,
      ...comparedWithFathom(work, name, factors),
      async prepare() {
        const peer = await peerOf(name);
        const training = await peer.train(problem);
        try {
          const started = context.clock.now();
          const first = await training.run(1, 1);
          const compileMilliseconds = context.clock.now() - started;
          const readings = [...first, ...(await training.run(checked - 1, 1))];
          if (name === "fathom") expected = readings;
          checkReadings(PEER_TITLES[name], readings, expected ?? []);
          return {
            run: async (steps) => void (await training.run(steps, READ_EVERY)),
            compileMilliseconds,
            facts: async () => ({ ...peer.facts, ...training.facts?.() }),
            dispose: () => training.dispose(),
          };
        } catch (error) {
          training.dispose();
          throw error;
        }
      },
    }),
  );
  const steps = await context.measure(what, contestants, {
    deadline: context.deadline.part(share),
    sampleMilliseconds: SAMPLE_MILLISECONDS,
  });
  return [...cold, ...steps];
}

function startCold(net: Net, size: string, factors: Factors, peerOf: PeerOf, context: SuiteContext): Promise<Entry[]> {
  const work = `first-step-${net.depth}x${net.width}`;
  const over = (name: PeerName): Pick<Contestant, "over"> => comparedWithFathom(work, name, factors);
  return firstSteps({ size: net, what: `first step of ${size}`, work, over, share: COLD_SHARE }, peerOf, context);
}

/** `smaller` are the entries of half the size, by which it is foreseen who would need more time than there is. */
async function multiply(size: number, peerOf: PeerOf, smaller: readonly Entry[], context: SuiteContext): Promise<Entry[]> {
  const { deadline, leave } = context;
  const what = `a product of ${size} × ${size} matrices`;
  const problem = product(size);
  const factors = SIZES_WITH_TARGETS.includes(size) ? PRODUCT_FACTORS : {};
  const rate = { unit: "GFLOP/s", perMillisecond: (2 * size ** 3) / 1e6 };
  const work = { id: `matmul-${size}`, what, factors, make: (peer: Peer) => peer.multiply(problem) };
  const contestants = NAMES_BY_KERNEL.filter((name) => {
    // Who asks for it has the time.
    if (!context.isWhole) return true;
    const half = smaller.find(({ id }) => id === idOf(`matmul-${size / 2}`, name));
    const seconds = half ? rate.perMillisecond / half.median / 1000 : 0;
    const affordable = seconds * FEWEST_RUNS <= deadline.left * LARGEST_SHARE;
    if (!affordable) leave(`${titleOf(name, what)}: it would take about ${seconds.toFixed(1)} s each`);
    return affordable;
  }).map((name): Contestant => ({ ...repeated(work, name, peerOf), rate }));
  return context.measure(what, contestants);
}

function normalize([rows, features]: readonly [number, number], peerOf: PeerOf, context: SuiteContext): Promise<Entry[]> {
  const problem = batchNorm(rows, features);
  const what = `batch-norm of ${rows} × ${features}, forward and backward`;
  const work = { id: "batch-norm", what, factors: {}, make: (peer: Peer) => peer.normalize(problem) };
  return context.measure(
    what,
    NAMES_BY_KERNEL.map((name) => repeated(work, name, peerOf)),
  );
}

interface Work {
  readonly id: string;
  readonly what: string;
  readonly factors: Factors;
  make(peer: Peer): Promise<Repeatable>;
  /** Fathom's, once it is known. */
  expected?: readonly Float32Array[];
}

function repeated(work: Work, name: PeerName, peerOf: PeerOf): Contestant {
  return {
    id: idOf(work.id, name),
    title: titleOf(name, work.what),
    ...comparedWithFathom(work.id, name, work.factors),
    async prepare() {
      const peer = await peerOf(name);
      const repeatable = await work.make(peer);
      try {
        const results = await repeatable.result();
        if (name === "fathom") work.expected = results;
        checkResults(PEER_TITLES[name], results, work.expected ?? []);
        return { run: (times) => repeatable.run(times), facts: peer.facts, dispose: () => repeatable.dispose() };
      } catch (error) {
        repeatable.dispose();
        throw error;
      }
    },
  };
}
