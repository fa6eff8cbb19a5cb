/** What each remedy costs: a training step with it against one of the plain net, measured in turns. */

import type { Engine } from "../../src/index.ts";
import type { Deadline } from "../method/deadline.ts";
import { type NetSize, plainNet } from "../remedies/plainNet.ts";
import { trainingContestant } from "../remedies/training.ts";
import { ALL_VARIANTS, experimentOf, PLAIN, VARIANTS, type Variant } from "../remedies/variants.ts";
import type { Entry } from "../schema.ts";
import type { Suite, SuiteContext } from "../suite.ts";

/** Some steps in a sample, so that waiting for its end is little of it. */
const SAMPLE_MILLISECONDS = 60;
const SHALLOW: NetSize = { depth: 24, width: 64, batchSize: 64 };
const DEEP: NetSize = { depth: 50, width: 64, batchSize: 64 };
const TINY: NetSize = { depth: 2, width: 8, batchSize: 4 };
/** Of the plain net in a round: by itself one is some percent faster or slower than another that is made alike. */
const PLACES = 3;
/** Of the time, for what is promised; then all else in nets of 24 layers, and in nets of 50 with what is left. */
const PROMISED_SHARE = 0.25;

/** Remedies that are measured in turns, with the plain net of that size. */
export interface Group {
  readonly name: string;
  readonly size: NetSize;
  readonly variants: readonly Variant[];
}

/** What is promised of the deep net, all else in the shallow one, and in the deep one too. */
export function remedyGroups(): Readonly<Record<"promised" | "shallow" | "deep", readonly Group[]>> {
  const groups = (size: NetSize, wanted: (variant: Variant) => boolean): Group[] =>
    Object.entries(VARIANTS)
      .map(([name, all]): Group => ({ name, size, variants: (all as readonly Variant[]).filter((one) => !one.sameCost && wanted(one)) }))
      .filter(({ variants }) => variants.length > 0);
  const targeted = ALL_VARIANTS.filter(({ target }) => target);
  const isPromised = (one: Variant): boolean => targeted.includes(one) || targeted.some(({ over }) => over === one.id);
  return {
    promised: [{ name: "promised", size: DEEP, variants: ALL_VARIANTS.filter(isPromised) }],
    shallow: groups(SHALLOW, () => true),
    deep: groups(DEEP, (one) => !isPromised(one)),
  };
}

export const remedies: Suite = async (context) => {
  const { promised, shallow, deep } = remedyGroups();
  if (context.quick) return trial(context, [...promised, ...shallow.slice(0, 2)]);
  return [
    ...(await measureGroups(promised, context, context.deadline.part(PROMISED_SHARE))),
    ...(await measureGroups(shallow, context, context.deadline)),
    ...(await measureGroups(deep, context, context.deadline)),
  ];
};

/** One remedy of each, in tiny nets, on one engine, so that pipelines are compiled once. */
async function trial(context: SuiteContext, groups: readonly Group[]): Promise<Entry[]> {
  const shared = await context.open();
  try {
    const tiny = groups.map(({ name, variants }): Group => ({ name, size: TINY, variants: variants.slice(0, 1) }));
    return await measureGroups(tiny, context, context.deadline, shared);
  } finally {
    shared.dispose();
  }
}

/** Each group has a share of the time by how many it has. */
async function measureGroups(
  groups: readonly Group[],
  context: SuiteContext,
  deadline: Deadline,
  shared: Engine | null = null,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const [index, group] of groups.entries()) {
    const rest = groups.slice(index).reduce((sum, { variants }) => sum + variants.length, 0);
    const options = { deadline: deadline.part(group.variants.length / rest), sampleMilliseconds: SAMPLE_MILLISECONDS };
    entries.push(...(await context.measure(`${group.name}, ${group.size.depth} layers`, contestantsOf(group, context, shared), options)));
  }
  return entries;
}

function contestantsOf({ name: group, variants, size }: Group, context: SuiteContext, shared: Engine | null) {
  const { depth } = size;
  const plain = plainNet(size, context.seed);
  // Promised ones are measured twice where the sizes are alike.
  const idOf = (id: string): string => `${group}: ${id}-${depth}`;
  return [PLAIN, ...variants].map((variant) => {
    const { id, title, every, target, over: base = PLAIN.id } = variant;
    const over = { id: idOf(base), ...(target && depth === DEEP.depth ? { target } : {}) };
    const contestant = { id: idOf(id), title, every, experiment: experimentOf(plain, variant, size) };
    return trainingContestant(id === PLAIN.id ? { ...contestant, places: PLACES } : { ...contestant, over }, context, shared);
  });
}
