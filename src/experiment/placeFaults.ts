/** Says where in the model a layer stands that cannot be built, such as `model[2].body[0]`. */
import { FathomError } from "../core/errors.ts";
import type { LayerSpec } from "./schema/index.ts";

/** In the list `layers`, or further in. */
interface Place {
  readonly layers: readonly LayerSpec[];
  readonly path: string;
}

/** Makes what belongs to `layers[index]`; an error from there comes back with the path from this list on. */
export function placeFaults<T>(layers: readonly LayerSpec[], index: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof FathomError) || error.code === "internal") throw error;
    const { place: inner, reason = error.message } = error.details as { readonly place?: Place; readonly reason?: string };
    const path = `[${index}]${inner ? keyOf(layers[index]!, inner) + inner.path : ""}`;
    throw new FathomError("experiment", `model${path}: ${reason}`, { cause: error, details: { place: { layers, path }, reason } });
  }
}

const keyOf = (layer: LayerSpec, { layers }: Place): string =>
  "branches" in layer ? `.branches[${layer.branches.indexOf(layers)}]` : ".body";
