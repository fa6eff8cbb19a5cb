/** What the experiment does to the weights of the whole model. */
import { fixup, type Initialization, lsuv, zeroLast } from "../init/index.ts";
import type { InitializationSpec } from "./schema/index.ts";

export function initializationOf(spec: InitializationSpec): Initialization {
  switch (spec.type) {
    case "lsuv":
      return lsuv({ tolerance: spec.tolerance, iterations: spec.iterations });
    case "zeroLast":
      return zeroLast();
    case "fixup":
      return fixup();
  }
}
