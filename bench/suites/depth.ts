/** How a training step grows with depth: time, compile time, memory and dispatches from 10 to 2,000 layers. */
import { comparisonOf, entryOf } from "../measure.ts";
import { plainNet } from "../remedies/plainNet.ts";
import { trainingContestant } from "../remedies/training.ts";
import type { Entry, Target } from "../schema.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const DEPTHS = [10, 20, 50, 100, 200, 500, 1000, 2000];
const TINY_DEPTHS = [2, 6];
const NET = { width: 32, batchSize: 32 };
const TINY_NET = { width: 8, batchSize: 4 };
/** Steps in a sample, in milliseconds. */
const SAMPLE_MILLISECONDS = 60;

/** What is promised: a layer costs no more in a deep net, and a deep net is soon compiled. */
const [SHALLOW, DEEP] = [50, 1000];
const PER_LAYER: Target = { relation: "at most", value: 1.3, adapterClass: "any" };
const COMPILE: Target = { relation: "at most", value: 3000, adapterClass: "software" };

const idOf = (depth: number): string => `depth-${depth}`;

export const depth: Suite = async (context) => {
  const { quick, seed } = context;
  const depths = quick ? TINY_DEPTHS : DEPTHS;
  const shared = quick ? await context.open() : null;
  try {
    const contestants = depths.map((layers) =>
      trainingContestant(
        {
          id: idOf(layers),
          title: `${layers} layers`,
          experiment: { ...plainNet({ depth: layers, ...(quick ? TINY_NET : NET) }, seed), clip: { type: "globalNorm", max: 1 } },
        },
        context,
        shared,
      ),
    );
    const steps = await context.measure("training steps", contestants, { sampleMilliseconds: SAMPLE_MILLISECONDS });
    const perLayer = steps.map((entry) => ({ ...entry, facts: { "ms a layer": entry.median / depthOf(entry), ...entry.facts } }));
    return [...perLayer, ...promises(perLayer, context)];
  } finally {
    shared?.dispose();
  }
};

const depthOf = ({ id }: Entry): number => Number(id.replace("depth-", ""));

function promises(steps: readonly Entry[], context: SuiteContext): Entry[] {
  const [shallow, deep] = [SHALLOW, DEEP].map((layers) => steps.find(({ id }) => id === idOf(layers)));
  const group = "promises";
  const each = (entry: Entry): number[] => entry.samples.map((milliseconds) => milliseconds / depthOf(entry));
  return [
    ...(shallow && deep && shallow.samples.length === deep.samples.length
      ? [
          entryOf({ id: "layer-shallow", title: `a layer of ${SHALLOW}` }, group, each(shallow), context),
          {
            ...entryOf({ id: "layer-deep", title: `a layer of ${DEEP}` }, group, each(deep), context),
            comparison: comparisonOf(each(deep), each(shallow), { id: "layer-shallow", target: PER_LAYER }, context),
          },
        ]
      : []),
    ...(deep && deep.compileMilliseconds !== null
      ? [entryOf({ id: "compile-deep", title: `compiling ${DEEP} layers`, target: COMPILE }, group, [deep.compileMilliseconds], context)]
      : []),
  ];
}
