/** The identity: what comes in goes out, as far as there are as many outputs as inputs. */
import { checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import { checkShape } from "../core/shape.ts";
import { type Gain, gainOf } from "./fans.ts";
import type { Initializer } from "./initializer.ts";

export interface IdentityOptions {
  /** What stands where row and column are equal; default 1. */
  readonly gain?: Gain;
}

/** For a weight [out, in]: the gain where row and column are equal, 0 elsewhere, as torch.nn.init.eye_ (Le, Jaitly, Hinton, 2015). */
export function identity(options: IdentityOptions = {}): Initializer {
  checkOptions("init.identity", options, ["gain"]);
  const gain = gainOf("init.identity", options.gain ?? 1);
  return {
    name: "identity",
    generate(shape) {
      checkShape("init.identity", shape);
      const [rows, columns] = shape;
      if (rows === undefined || columns === undefined || shape.length !== 2)
        throw new FathomError("shape", `init.identity: needs a weight of shape [out, in], not [${shape.join(",")}]`);
      const values = new Float64Array(rows * columns);
      for (let at = 0; at < Math.min(rows, columns); at++) values[at * columns + at] = gain;
      return values;
    },
  };
}
