/** What the parts of an engine share. */
import type { Buffers } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { Pipelines } from "../gpu/pipelines.ts";
import type { Readback } from "../gpu/readback.ts";
import type { Target } from "../graph/op.ts";
import type { Lifetimes } from "./lifetimes.ts";

export interface Machinery {
  readonly gpu: Gpu;
  readonly buffers: Buffers;
  readonly pipelines: Pipelines;
  readonly readback: Readback;
  readonly lifetimes: Lifetimes;
  /** Of plans to be made; `tune()` changes it. */
  target: Target;
}
