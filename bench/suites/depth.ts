/**
 * How a training step grows with depth, layer by layer, as a stack, as the engine chooses, and with checkpoints: time, compile time, memory and
 * dispatches from 10 to 2,000 layers.
 */
import type { Engine } from "../../src/index.ts";
import type { Contestant } from "../measure.ts";
import { comparisonOf, entryOf, inBoth } from "../measure.ts";
import { type ExperimentJson, type NetSize, plainHidden, plainNet } from "../remedies/plainNet.ts";
import { trainingContestant } from "../remedies/training.ts";
import type { Entry, Target } from "../schema.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const DEPTHS = [10, 20, 50, 100, 200, 500, 1000, 2000];
const TINY_DEPTHS = [2, 6];
const NET = { width: 32, batchSize: 32 };
const TINY_NET = { width: 8, batchSize: 4 };
/** Steps in a sample, in milliseconds. */
const SAMPLE_MILLISECONDS = 60;

interface Way {
  readonly title: string;
  readonly depthFusion: "never" | "always" | "auto";
  /** Rounds of the repeat from one activation that is kept to the next. */
  readonly checkpoint?: (depth: number) => number;
}

/** The first is what the others are compared with. */
const WAYS = {
  never: { title: "layer by layer", depthFusion: "never" },
  always: { title: "as a stack", depthFusion: "always" },
  auto: { title: "as the engine chooses", depthFusion: "auto" },
  checkpoint: { title: "with checkpoints", depthFusion: "never", checkpoint: (depth) => Math.round(Math.sqrt(depth)) },
} as const satisfies Record<string, Way>;
type WayName = keyof typeof WAYS;
const WAY_NAMES = Object.keys(WAYS) as WayName[];
const TRIAL_WAYS: readonly WayName[] = ["never", "always"];

/** What is promised: a layer costs no more in a deep net, and a deep net is soon compiled. */
const [SHALLOW, DEEP] = [50, 1000];
const PER_LAYER: Target = { relation: "at most", value: 1.3, adapterClass: "any" };
const COMPILE: Target = { relation: "at most", value: 3000, adapterClass: "software" };

const layersText = (depth: number): string => `${depth} layers`;

/** The net, run that way. */
export function deepNet(way: WayName, size: NetSize, seed: number): ExperimentJson {
  const { depthFusion, checkpoint }: Way = WAYS[way];
  const every = checkpoint?.(size.depth);
  return {
    ...plainNet(size, seed, (times) => ({ type: "repeat", times, body: plainHidden(size.width), ...(every ? { checkpoint: every } : {}) })),
    clip: { type: "globalNorm", max: 1 },
    depthFusion,
  };
}

export const depth: Suite = async (context) => {
  const { quick } = context;
  const [depths, ways] = quick ? [TINY_DEPTHS, TRIAL_WAYS] : [DEPTHS, WAY_NAMES];
  const shared = quick ? await context.open() : null;
  const entries: Entry[] = [];
  try {
    if (!quick) entries.push(...(await promises(context)));
    for (const [index, layers] of depths.entries()) {
      const contestants = ways.map((way) => contestant(way, layers, context, shared));
      const options = {
        sampleMilliseconds: SAMPLE_MILLISECONDS,
        // Deeper ones take longer.
        deadline: index < depths.length - 1 ? context.deadline.part(SHARE) : context.deadline,
      };
      entries.push(...(await context.measure(layersText(layers), contestants, options)).map((entry) => perLayer(entry, layers)));
    }
    return entries;
  } finally {
    shared?.dispose();
  }
};

/** Of the time that is left, for a depth at most. */
const SHARE = 0.4;

type Named = Pick<Contestant, "id" | "title">;

const wholeStep = (layers: number): Named => ({ id: `promise-${layers}`, title: `${layersText(layers)}, for the promise` });

const idOf = (way: WayName, layers: number): string => `depth-${layers}-${way}`;

/** `own`: for what is measured apart from the others of its depth. */
function contestant(way: WayName, layers: number, context: SuiteContext, shared: Engine | null, own?: Named): Contestant {
  const base = WAY_NAMES[0]!;
  return trainingContestant(
    {
      ...(own ?? { id: idOf(way, layers), title: `${layersText(layers)}, ${WAYS[way].title}` }),
      experiment: deepNet(way, { depth: layers, ...(context.quick ? TINY_NET : NET) }, context.seed),
      ...(own || way === base ? {} : { over: { id: idOf(base, layers) } }),
    },
    context,
    shared,
  );
}

const perLayer = (entry: Entry, layers: number): Entry => ({ ...entry, facts: { "ms a layer": entry.median / layers, ...entry.facts } });

/** A shallow net and a deep one as the engine chooses, in turns, and what is made of them: what a layer of each takes. */
async function promises(context: SuiteContext): Promise<Entry[]> {
  const group = "promises";
  const titles = { shallow: `a layer of ${SHALLOW}`, deep: `a layer of ${DEEP}`, compile: `compiling ${DEEP} layers` };
  // Where it is stopped these are what is kept: whole steps, by their own names.
  const wholeSteps = [SHALLOW, DEEP].map((layers) => contestant("auto", layers, context, null, wholeStep(layers)));
  const steps = await context.measure(group, wholeSteps, {
    sampleMilliseconds: SAMPLE_MILLISECONDS,
    deadline: context.deadline.part(SHARE),
    together: Object.values(titles),
  });
  const [shallow, deep] = [SHALLOW, DEEP].map((layers) => steps.find(({ id }) => id === wholeStep(layers).id));
  const each = (entry: Entry, layers: number): number[] => entry.samples.map((milliseconds) => milliseconds / layers);
  return [
    ...steps,
    ...(shallow && deep
      ? [
          entryOf({ id: "layer-shallow", title: titles.shallow }, group, each(shallow, SHALLOW), context),
          {
            ...entryOf({ id: "layer-deep", title: titles.deep }, group, each(deep, DEEP), context),
            comparison: comparisonOf(
              ...inBoth(each(deep, DEEP), each(shallow, SHALLOW)),
              { id: "layer-shallow", target: PER_LAYER },
              context,
            ),
          },
        ]
      : []),
    ...(deep && deep.compileMilliseconds !== null
      ? [entryOf({ id: "compile-deep", title: titles.compile, target: COMPILE }, group, [deep.compileMilliseconds], context)]
      : []),
  ];
}
