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
/** Of the time, for what is promised; then all else in nets of 24 layers, and in nets of 50 with what is left. */
const PROMISED_SHARE = 0.25;

type Group = readonly [name: string, variants: readonly Variant[]];

export const remedies: Suite = async (context) => {
  const promised = ALL_VARIANTS.filter(({ target }) => target);
  const costly = Object.entries(VARIANTS).map(
    ([name, all]): Group => [name, (all as readonly Variant[]).filter(({ sameCost }) => !sameCost)],
  );
  if (context.quick)
    return trial(context, [["promised", promised.slice(0, 1)], ...costly.slice(0, 2).map(([name, all]): Group => [name, all.slice(0, 1)])]);
  const others = costly.map(([name, all]): Group => [name, all.filter(({ target }) => !target)]);
  return [
    ...(await measureGroups([["promised", promised]], DEEP, context, context.deadline.part(PROMISED_SHARE))),
    ...(await measureGroups(costly, SHALLOW, context, context.deadline)),
    ...(await measureGroups(others, DEEP, context, context.deadline)),
  ];
};

/** On one engine, so that pipelines are compiled once. */
async function trial(context: SuiteContext, groups: readonly Group[]): Promise<Entry[]> {
  const shared = await context.open();
  try {
    return await measureGroups(groups, TINY, context, context.deadline, shared);
  } finally {
    shared.dispose();
  }
}

/** Each group has a share of the time by how many it has. */
async function measureGroups(
  groups: readonly Group[],
  size: NetSize,
  context: SuiteContext,
  deadline: Deadline,
  shared: Engine | null = null,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const [index, [name, variants]] of groups.entries()) {
    if (variants.length === 0) continue;
    const rest = groups.slice(index).reduce((sum, [, others]) => sum + others.length, 0);
    const part = deadline.part(variants.length / rest);
    const contestants = contestantsOf(name, variants, size, context, shared);
    entries.push(
      ...(await context.measure(`${name}, ${size.depth} layers`, contestants, { deadline: part, sampleMilliseconds: SAMPLE_MILLISECONDS })),
    );
  }
  return entries;
}

function contestantsOf(group: string, variants: readonly Variant[], size: NetSize, context: SuiteContext, shared: Engine | null) {
  const { depth } = size;
  const plain = plainNet(size, context.seed);
  // Promised ones are measured twice where the sizes are alike.
  const idOf = ({ id }: Variant): string => `${group}: ${id}-${depth}`;
  return [PLAIN, ...variants].map((variant) => {
    const { id, title, every, target } = variant;
    const over = { id: idOf(PLAIN), ...(target && depth === DEEP.depth ? { target } : {}) };
    const contestant = { id: idOf(variant), title, every, experiment: experimentOf(plain, variant, size) };
    return trainingContestant(id === PLAIN.id ? contestant : { ...contestant, over }, context, shared);
  });
}
