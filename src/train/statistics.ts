/** The running statistics of all batch-norms in one state: where each mean and variance lies. */
import { joinPath, type NamedStatistics } from "../nn/collect.ts";

/** Elements; the alignment of a binding. */
const ALIGNMENT = 64;

export interface RunningSegment {
  readonly path: string;
  readonly features: number;
  readonly momentum: number;
  /** Of the mean; elements. */
  readonly mean: number;
  readonly variance: number;
}

export interface RunningLayout {
  readonly segments: readonly RunningSegment[];
  readonly size: number;
}

export function layOutRunning(statistics: readonly NamedStatistics[]): RunningLayout {
  let end = 0;
  const place = (features: number): number => {
    const offset = end;
    end += Math.ceil(features / ALIGNMENT) * ALIGNMENT;
    return offset;
  };
  const segments = statistics.map(({ path, features, momentum }) => ({
    path,
    features,
    momentum,
    mean: place(features),
    variance: place(features),
  }));
  return { segments, size: Math.max(end, ALIGNMENT) };
}

/** What training begins with: means 0, variances 1. */
export function initialRunning({ segments, size }: RunningLayout): Float32Array {
  const values = new Float32Array(size);
  for (const { variance, features } of segments) values.fill(1, variance, variance + features);
  return values;
}

/** PyTorch's names of a batch-norm's buffers. */
export const bufferNames = (path: string) => ({
  mean: joinPath(path, "running_mean"),
  variance: joinPath(path, "running_var"),
  count: joinPath(path, "num_batches_tracked"),
});
