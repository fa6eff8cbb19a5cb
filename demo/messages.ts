/** What the page and the worker that trains say to each other. */
import type { DiagnosisKind } from "../src/index.ts";
import type { ExperimentJson } from "./experimentOf.ts";

/** An experiment as JSON or its text. */
export type Given = ExperimentJson | string;

export type ToWorker =
  | { readonly type: "start"; readonly run: number; readonly experiment: Given; readonly paused: boolean }
  /** Goes on with the same weights and moments under another rate, clip or regulariser. */
  | { readonly type: "change"; readonly run: number; readonly experiment: Given }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "step" }
  | { readonly type: "stop" }
  /** Asks what the schema says of an experiment. */
  | { readonly type: "check"; readonly id: number; readonly experiment: Given };

/** Columns of a report, before the gradient norms of the weights. */
export const COLUMNS = ["step", "loss", "learningRate", "gradientNorm", "clipScale"] as const;

export interface Points {
  /** Pairs of coordinates, those for training first. */
  readonly x: Float32Array;
  readonly y: Int32Array;
  readonly trained: number;
}

export type Failure = { readonly code: string; readonly message: string };

export type FromWorker =
  | { readonly type: "opened"; readonly adapter: string; readonly software: boolean }
  | ({ readonly type: "unusable" } & Failure)
  | { readonly type: "checked"; readonly id: number; readonly faults: readonly string[] }
  | {
      readonly type: "prepared";
      readonly run: number;
      /** Names of the weights, in depth order. */
      readonly weights: readonly string[];
      readonly steps: number;
      readonly classes: number | null;
      readonly parameters: number;
      readonly dispatches: number;
      /** Of data in the plane. */
      readonly points: Points | null;
    }
  /** Reports row by row; the buffer is handed over. Milliseconds are those of training, pauses left out. */
  | { readonly type: "reports"; readonly run: number; readonly rows: Float32Array; readonly milliseconds: number }
  | { readonly type: "verdict"; readonly run: number; readonly kind: DiagnosisKind; readonly text: string }
  | {
      readonly type: "evaluated";
      readonly run: number;
      readonly step: number;
      readonly trainLoss: number;
      readonly trainAccuracy: number | null;
      readonly testLoss: number | null;
      readonly testAccuracy: number | null;
    }
  /** For each cell of a square of PLANE_CELLS² over ±PLANE_REACH, top row first: how sure the net is of class 1, 0 to 255. */
  | { readonly type: "plane"; readonly run: number; readonly cells: Uint8Array }
  | { readonly type: "done"; readonly run: number }
  | ({ readonly type: "failed"; readonly run: number } & Failure);

export const PLANE_CELLS = 48;
export const PLANE_REACH = 1.3;
