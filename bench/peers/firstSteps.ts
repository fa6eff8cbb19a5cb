/**
 * Cold starts in turns. Each is in a browser of its own, which the command that opened this page starts for it. A page without a command makes one
 * start of each in itself: it cannot start its browser anew, and what that has compiled it may keep.
 */
import { type ColdStart, coldStart } from "../cold/coldStart.ts";
import { COLD_STARTS, coldFile } from "../cold/job.ts";
import type { Contestant, Facts } from "../measure.ts";
import { median } from "../method/bootstrap.ts";
import type { Entry } from "../schema.ts";
import type { SuiteContext } from "../suite.ts";
import { checkReadings } from "./agreement.ts";
import { fromCommand } from "./fromCommand.ts";
import { PEER_TITLES, type PeerName } from "./index.ts";
import type { Peer, Reading } from "./peer.ts";
import type { NetSize } from "./problems.ts";

/** Where the time allows. */
const ROUNDS = 10;
/** Of those that compile for a device. */
const NAMES = ["fathom", "jax", "tfjs-webgpu"] as const satisfies readonly PeerName[];
/** TensorFlow.js takes long to compile. */
const TRIAL_NAMES = ["fathom", "jax"] as const satisfies readonly PeerName[];

export interface FirstSteps {
  readonly size: NetSize;
  /** In the words of the tables, and of ids. */
  readonly what: string;
  readonly work: string;
  /** What a contestant is compared with, and its target. */
  readonly over: (name: PeerName) => Pick<Contestant, "over">;
  /** The share of the time that is left. */
  readonly share: number;
}

export async function firstSteps(
  { size, what, work, over, share }: FirstSteps,
  peerOf: (name: PeerName) => Promise<Peer>,
  context: SuiteContext,
): Promise<Entry[]> {
  const { quick, deadline, leave } = context;
  const names: readonly PeerName[] = quick ? TRIAL_NAMES : NAMES;
  const group = `${what}, from cold`;
  const inBrowsers = (await fromCommand<true>(COLD_STARTS)) ?? false;
  if (!inBrowsers && context.wants(group)) leave(`${group}: all but one start of each, for a page cannot start its browser anew`);
  // A trial has no time for more, either.
  const once = quick || !inBrowsers;
  let expected: Reading | null = null;
  /** A start that does the same as Fathom. */
  const start = async (name: PeerName): Promise<ColdStart> => {
    const made = inBrowsers ? await fromCommand<ColdStart>(coldFile({ name, size })) : await coldStart(() => peerOf(name), size);
    expected ??= made!.reading;
    checkReadings(PEER_TITLES[name], [made!.reading], [expected]);
    return made!;
  };
  const contestants = names.map(
    (name): Contestant => ({
      id: `${work}-${name}`,
      title: `${PEER_TITLES[name]}, ${what}`,
      ...over(name),
      async prepare() {
        // Where there are more it is not counted: it has the disk read for all alike, and finds faults.
        let last = await start(name);
        const all: ColdStart[] = [];
        return {
          async run() {
            if (!once) last = await start(name);
            all.push(last);
          },
          elsewhere: () => last.firstStep,
          facts: async () => (inBrowsers ? factsOf(all) : {}),
          dispose: () => undefined,
        };
      },
    }),
  );
  return context.measure(group, contestants, { deadline: deadline.part(share), rounds: once ? 1 : ROUNDS });
}

/** What comes before the first step. */
const factsOf = (starts: readonly ColdStart[]): Facts => ({
  "modules ms": median(starts.map(({ modules }) => modules)),
  "device ms": median(starts.map(({ device }) => device)),
});
