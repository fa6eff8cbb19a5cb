/** What the lab is doing, what it says of it, and what it tells the page. */
import type { DiagnosisKind } from "../src/index.ts";
import type { Settings } from "./link.ts";
import type { Failure, OpenedFiles, RunState } from "./messages.ts";
import type { Remedy } from "./remedies.ts";

export type Phase = "opening" | "unusable" | "idle" | "preparing" | "playing" | "paused" | "done" | "failed";

export interface Saying {
  readonly text: string;
  readonly kind: DiagnosisKind | "plain" | "error";
  readonly remedy: Remedy | null;
}

export interface LabEvents {
  /** Something is to be drawn anew. */
  readonly changed: () => void;
  /** What is wrong in the form. */
  readonly formFaults: () => readonly string[];
  /** The state became another, by whatever way. */
  readonly moved: (state: Settings) => void;
  /** The files that the worker was given last. */
  readonly files: (opened: OpenedFiles | Failure) => void;
  readonly weights: (bytes: Uint8Array) => void;
  /** All of the run, to be saved. */
  readonly state: (state: RunState) => void;
  /** What the net makes of the sample that it was asked for. */
  readonly read: (probabilities: readonly number[], names: readonly string[]) => void;
}

export const plain = (text: string): Saying => ({ text, kind: "plain", remedy: null });
export const manyFaults = (count: number): string => `the experiment has ${count} faults; see the editor`;
export const failure = (text: string): Saying => ({ text, kind: "error", remedy: null });
