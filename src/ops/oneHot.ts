/** Classes as rows of zeros with a single one. */
import { FathomError } from "../core/errors.ts";
import { describe } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { requireDtype } from "./define.ts";
import { apply, elementwiseOp } from "./elementwise.ts";
import { broadcastTo, reshape } from "./views.ts";

/** 1 where the label is the position in the last axis. */
const oneHotOp = elementwiseOp<{ classes: number }>(
  "oneHot",
  {
    wgsl: ([label], { classes }, index) => `select(F(0.0), F(1.0), ${label} == I(${index} % ${classes}u))`,
    js: ([label], { classes }, index) => (label === index % classes ? 1 : 0),
    vjp: "nondifferentiable",
  },
  { usesIndex: true, infer: ([labels]) => ({ shape: labels.shape, dtype: "f32" }) },
);

/** f32[…, classes] of i32[…]; a label outside 0 … classes − 1 gives a row of zeros. */
export function oneHot(labels: Node, classes: number): Node {
  requireDtype("oneHot", labels, "i32");
  if (!Number.isInteger(classes) || classes < 1) throw new FathomError("argument", `oneHot: classes is ${classes} for ${describe(labels)}; use a whole number from 1`);
  return apply(oneHotOp, [broadcastTo(reshape(labels, [...labels.shape, 1]), [...labels.shape, classes])], { classes });
}
