/** How the page that measures asks its command for a start in a browser of its own, and what that browser's page tells. */
import type { ErrorFacts } from "../../src/cli/wire.ts";
import { PEER_NAMES, type PeerName } from "../peers/index.ts";
import type { NetSize } from "../peers/problems.ts";
import type { ColdStart } from "./coldStart.ts";

export interface ColdJob {
  readonly name: PeerName;
  readonly size: NetSize;
}

export type ColdEvent =
  | { readonly type: "started"; readonly start: ColdStart }
  | { readonly type: "failed"; readonly error: ErrorFacts }
  | { readonly type: "done" };

/** Says that the command's server can start browsers: `true`. */
export const COLD_STARTS = "coldStarts.json";

/** Where the command's server has it, from the page: every time that it is fetched, a browser starts. */
export const coldFile = ({ name, size: { depth, width, batchSize } }: ColdJob): string =>
  `coldStart/${name}/${depth}x${width}x${batchSize}.json`;

const COLD_FILE = /^coldStart\/([\w-]+)\/(\d+)x(\d+)x(\d+)\.json$/;

/** Null where the file is another one. */
export function coldJobOf(file: string): ColdJob | null {
  const [, peer, ...sizes] = COLD_FILE.exec(file) ?? [];
  const name = PEER_NAMES.find((one) => one === peer);
  if (name === undefined) return null;
  const [depth, width, batchSize] = sizes.map(Number) as [number, number, number];
  return { name, size: { depth, width, batchSize } };
}
