/** What the page and the worker that trains say to each other. */
import type { DiagnosisKind, Experiment } from "../src/index.ts";
import type { ExperimentJson } from "./experimentOf.ts";

/** An experiment as JSON or its text. */
export type Given = ExperimentJson | string;

/** What a run starts from: new weights, those of a file, the state of a run of the command line, or a snapshot. */
export type Beginning =
  | { readonly type: "anew" }
  | { readonly type: "weights" | "checkpoint"; readonly name: string; readonly bytes: Uint8Array }
  /** With `anew`, where there is no snapshot yet the run begins again; and its experiment is the page's, which is younger. */
  | { readonly type: "kept"; readonly id: string; readonly anew?: boolean };

/** A run as its snapshots have it; `state` is the page's own. */
export interface KeptRun {
  readonly id: string;
  readonly name: string;
  readonly experiment: Given;
  readonly state: unknown;
  readonly step: number;
  readonly steps: number;
  readonly milliseconds: number;
  readonly savedAt: number;
}

export interface Mark {
  readonly step: number;
  readonly text: string;
}

export interface Evaluated {
  readonly step: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number | null;
  readonly testLoss: number | null;
  readonly testAccuracy: number | null;
}

/** What was seen of a run besides its reports. */
export interface Seen {
  readonly evaluations: readonly Evaluated[];
  readonly marks: readonly Mark[];
}

export interface Start {
  readonly run: number;
  readonly experiment: Given;
  readonly paused: boolean;
  readonly begin: Beginning;
  /** Those that the experiment names. */
  readonly files: readonly File[];
  readonly keep: Pick<KeptRun, "id" | "name" | "state">;
}

/** A net to be timed, and the files that its experiment names. */
export interface ToTime {
  readonly experiment: Given;
  readonly files: readonly File[];
}

export type ToWorker =
  | ({ readonly type: "start" } & Start)
  /** Goes on with the same weights and moments under another rate, clip or regulariser; `text` says which. */
  | { readonly type: "change"; readonly run: number; readonly experiment: Given; readonly text: string; readonly state: unknown }
  /** Asks for the weights as a file. */
  | { readonly type: "save" }
  /** Asks for all that a run needs to go on elsewhere. */
  | { readonly type: "saveRun" }
  /** Asks what the net makes of one sample. */
  | { readonly type: "read"; readonly pixels: Float32Array }
  | { readonly type: "open"; readonly id: number; readonly files: readonly File[] }
  /** A snapshot now: the page is about to be hidden. */
  | { readonly type: "keep" }
  | { readonly type: "forget"; readonly id: string }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "step" }
  | { readonly type: "stop" }
  /** Loads all code that may be wanted, as long as it can be had. */
  | { readonly type: "ahead" }
  /** Compiles a step and tells of it. */
  | { readonly type: "explain"; readonly experiment: Given }
  /** Times nets side by side, once no run is on. */
  | { readonly type: "time"; readonly id: number; readonly nets: readonly ToTime[] }
  /** Asks what the schema says of an experiment. */
  | { readonly type: "check"; readonly id: number; readonly experiment: Given };

/** Columns of a report, before the gradient norms of the weights. */
export const COLUMNS = ["step", "loss", "learningRate", "gradientNorm", "clipScale"] as const;

export interface Points {
  /** Pairs of coordinates, those for training first. */
  readonly x: Float32Array;
  readonly y: Int32Array;
  readonly trained: number;
  /** Each is a pattern of four bits, in a square of its own. */
  readonly patterns: boolean;
  /** The plane goes from minus this to this, both ways. */
  readonly reach: number;
}

export type Failure = { readonly code: string; readonly message: string };

/** What a run needs to go on elsewhere. */
export interface RunState {
  /** Steps that were made. */
  readonly step: number;
  readonly checkpoint: Uint8Array;
  readonly data: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** The experiment as it was written. */
  readonly given: string;
  /** As the command line's checkpoint.json has it. */
  readonly identity: {
    readonly name?: string;
    readonly steps: number;
    /** Checked, with its defaults. */
    readonly experiment: Omit<Experiment, "name" | "steps">;
    /** SHA-256 of each data file. */
    readonly files: Readonly<Record<string, string>>;
  };
}

/** What files are, and all that came, those of a ZIP one by one. */
export type OpenedFiles = Opened & { readonly files: readonly File[] };
export type Opened =
  | { readonly kind: "experiment"; readonly name: string; readonly text: string }
  | {
      readonly kind: "data";
      /** Of the experiment's data set. */
      readonly spec: ExperimentJson;
      /** How many numbers the net gives. */
      readonly outputs: number;
      /** Numbers are to be learnt, and not classes. */
      readonly numbers: boolean;
      readonly text: string;
    }
  | { readonly kind: "weights"; readonly name: string; readonly bytes: Uint8Array }
  | {
      readonly kind: "run";
      readonly text: string;
      readonly experiment: string;
      readonly name: string;
      readonly checkpoint: Uint8Array;
      readonly rows: readonly {
        readonly step: number;
        readonly numbers: readonly number[];
        readonly norms: Readonly<Record<string, number>>;
      }[];
    };

/** What a net makes of a test set. */
export interface Readings {
  readonly of: "test" | "training";
  readonly count: number;
  readonly classes: number;
  readonly names: readonly string[];
  /** Rows are true classes, columns what was read. */
  readonly matrix: Uint32Array;
  /** The first few that were read wrongly; pixels from 0 to 1 where they are pictures. */
  readonly wrong: readonly {
    readonly sample: number;
    readonly read: number;
    readonly truth: number;
    readonly sure: number;
    readonly pixels: Float32Array | null;
  }[];
  /** Of square pictures. */
  readonly side: number | null;
}

export type FromWorker =
  /** Runs that ended in their middle, and whether the browser keeps any. */
  | { readonly type: "kept"; readonly runs: readonly KeptRun[]; readonly keeps: boolean }
  | { readonly type: "files"; readonly id: number; readonly opened: OpenedFiles | Failure }
  /** How weights fit that were loaded; some of a list's names. */
  | {
      readonly type: "loaded";
      readonly run: number;
      readonly name: string;
      readonly loaded: number;
      readonly missing: readonly string[];
      readonly unexpected: readonly string[];
    }
  /** What a run that goes on had seen before. */
  | ({
      readonly type: "restored";
      readonly run: number;
      readonly rows: Float32Array;
      readonly milliseconds: number;
      /** Those that it trains on. */
      readonly files: readonly File[];
    } & Seen)
  | { readonly type: "adjusted"; readonly run: number; readonly mark: Mark }
  | { readonly type: "weights"; readonly run: number; readonly bytes: Uint8Array }
  | ({ readonly type: "state"; readonly run: number } & RunState)
  | { readonly type: "read"; readonly run: number; readonly probabilities: readonly number[]; readonly names: readonly string[] }
  | ({ readonly type: "readings"; readonly run: number; readonly step: number } & Readings)
  | { readonly type: "opened"; readonly adapter: string; readonly software: boolean }
  | ({ readonly type: "unusable" } & Failure)
  | { readonly type: "checked"; readonly id: number; readonly faults: readonly string[] }
  | {
      readonly type: "explained";
      /** As the engine prints them. */
      readonly graph: string;
      readonly plan: string;
      readonly counters: { readonly pipelines: number; readonly bytes: number; readonly compileMilliseconds: number };
      readonly parameters: number;
      readonly fault: string | null;
    }
  /** Milliseconds of a step, or why there are none. */
  | { readonly type: "timed"; readonly id: number; readonly milliseconds: readonly number[]; readonly fault: string | null }
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
  /** Rows of what is inside the net, as the class Inside has them. */
  | {
      readonly type: "insight";
      readonly run: number;
      readonly rows: Float32Array;
      readonly weights: number;
      readonly activations: readonly string[];
      readonly histograms: { readonly step: number; readonly counts: Uint32Array } | null;
    }
  | { readonly type: "verdict"; readonly run: number; readonly kind: DiagnosisKind; readonly text: string }
  | ({ readonly type: "evaluated"; readonly run: number } & Evaluated)
  /** For each cell of a square of PLANE_CELLS² over the reach of the points, top row first: how sure the net is of class 1, 0 to 255. */
  | { readonly type: "plane"; readonly run: number; readonly cells: Uint8Array }
  | { readonly type: "done"; readonly run: number }
  /** It holds nothing on the GPU any more. */
  | { readonly type: "freed"; readonly run: number }
  | ({ readonly type: "failed"; readonly run: number } & Failure);

/** Of what snapshots have seen; what another version of the page wrote is left out. */
export const PART_FORMAT = 2;

export const PLANE_CELLS = 48;
/** That of generated data. */
export const PLANE_REACH = 1.3;
