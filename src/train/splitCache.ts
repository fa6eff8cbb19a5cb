/** The splits that lie on the GPU: the few used last. */
import type { Shape } from "../core/shape.ts";
import type { Split } from "../data/dataset.ts";
import type { Runtime } from "./runtime.ts";
import { SplitOnGpu } from "./splitOnGpu.ts";

const MOST_SPLITS = 4;

export class SplitCache {
  private readonly runtime: Runtime;
  /** The one used last comes last. */
  private readonly list: SplitOnGpu[] = [];

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  /** The split in that shape; brought to the GPU where it is not there. Others may go, but not `needed`. */
  of(split: Split, sampleShape: Shape, needed: SplitOnGpu | null): SplitOnGpu {
    const at = this.list.findIndex((one) => one.split === split && one.sampleShape.join() === sampleShape.join());
    const found = at >= 0 ? this.list.splice(at, 1)[0]! : new SplitOnGpu(this.runtime, split, sampleShape);
    this.list.push(found);
    if (this.list.length > MOST_SPLITS) {
      const oldest = this.list.findIndex((one) => one !== needed);
      this.list.splice(oldest, 1)[0]!.dispose();
    }
    return found;
  }

  dispose(): void {
    for (const split of this.list.splice(0)) split.dispose();
  }
}
