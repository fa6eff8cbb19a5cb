/** What the command and the page it drives tell each other: jobs one way, events the other, as JSON. */
import type { Role } from "../nn/module.ts";
import type { Report } from "../train/report.ts";

/** One net to train. */
export interface NetJob {
  /** Names files and folders. */
  readonly name: string;
  /** An experiment file's content; the page checks it. */
  readonly experiment: unknown;
  /** Where the page finds the files that the experiment names. */
  readonly files: Readonly<Record<string, string>>;
  /** A safetensors file to start from. */
  readonly weightsUrl: string | null;
  /** A checkpoint to go on from. */
  readonly resumeUrl: string | null;
  /** Steps between two checkpoints, or "auto" for about ten seconds; null for none. */
  readonly checkpointEvery: number | "auto" | null;
}

export interface Job {
  readonly nets: readonly NetJob[];
  /** Afterwards, side by side, how long a step of each net takes: so many rounds of blocks of about so many milliseconds. */
  readonly timing: { readonly rounds: number; readonly blockMilliseconds: number } | null;
}

export interface PageEnvironment {
  readonly adapter: string;
  readonly adapterClass: "software" | "hardware";
  readonly userAgent: string;
}

/** Of one training step's plan. */
export interface StepCounters {
  readonly dispatches: number;
  readonly pipelines: number;
  readonly buffers: number;
  readonly bytes: number;
  readonly compileMilliseconds: number;
}

export interface Scores {
  readonly trainLoss: number;
  readonly trainAccuracy: number | null;
  readonly testLoss: number | null;
  readonly testAccuracy: number | null;
}

export interface ErrorFacts {
  readonly name: string;
  readonly code: string | null;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export type PageEvent =
  | { readonly type: "opened"; readonly environment: PageEnvironment }
  | {
      readonly type: "compiled";
      readonly net: string;
      readonly counters: StepCounters;
      readonly parameters: number;
      readonly roles: Readonly<Record<string, Role>>;
      readonly steps: number;
      /** The first step that is made: not 0 where a run goes on. */
      readonly first: number;
      readonly seed: number;
      readonly classes: number | null;
    }
  | { readonly type: "reports"; readonly net: string; readonly reports: readonly Report[] }
  /** Training ended early, such as by a number that is not finite; the other nets go on. */
  | { readonly type: "stopped"; readonly net: string; readonly error: ErrorFacts }
  /** The command asked for an end: this many steps are made. No other net follows. */
  | { readonly type: "interrupted"; readonly net: string; readonly step: number }
  | { readonly type: "trained"; readonly net: string; readonly milliseconds: number; readonly scores: Scores | null }
  | { readonly type: "timing"; readonly round: number; readonly rounds: number }
  /** Milliseconds a step, one sample for each block. */
  | {
      readonly type: "timed";
      readonly stepsInBlock: Readonly<Record<string, number>>;
      readonly samples: Readonly<Record<string, readonly number[]>>;
    }
  | { readonly type: "failed"; readonly error: ErrorFacts }
  | { readonly type: "done" };

/** What the page calls a checkpoint that it sends: its net, the steps that are made, and how long they took. */
export const checkpointName = (net: string, step: number, milliseconds: number): string => `${net}/checkpoint/${step}/${milliseconds}`;

/** The inverse; null for another file. */
export function readCheckpointName(name: string): { readonly net: string; readonly step: number; readonly milliseconds: number } | null {
  const [net, kind, step, milliseconds] = name.split("/");
  return kind === "checkpoint" ? { net: net!, step: Number(step), milliseconds: Number(milliseconds) } : null;
}

/** What the page asks for to hear of an interrupt, and the two answers: end, or ask again. */
export const INTERRUPT = { name: "interrupt", stop: "stop", goOn: "go on" } as const;

/** JSON in which a number that is not finite is the string "NaN", "Infinity" or "-Infinity". */
export function toJson(value: unknown, space?: number): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "number" && !Number.isFinite(item) ? String(item) : item), space);
}

const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** The inverse of toJson for objects whose strings are names: those three strings become numbers again. */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => (typeof item === "string" && Object.hasOwn(NOT_FINITE, item) ? NOT_FINITE[item] : item));
}

export function errorFacts(error: unknown): ErrorFacts {
  if (!(error instanceof Error)) return { name: "Error", code: null, message: String(error), details: {} };
  const { code, details } = error as { code?: unknown; details?: unknown };
  const ours = error.name === "FathomError";
  return {
    name: error.name,
    code: ours ? String(code) : null,
    message: ours ? error.message : (error.stack ?? error.message),
    details: ours && typeof details === "object" && details !== null ? (details as Record<string, unknown>) : {},
  };
}
