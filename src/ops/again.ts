/** A value as a second computation reads it: the same memory, but what is made of it is not merged with what the first computation made. */
import { makeNode, type Node } from "../graph/node.ts";
import { defineOp } from "./define.ts";

export interface AgainAttributes {
  /** Which of the plan's recomputations reads it. */
  readonly segment: number;
}

export const againOp = defineOp<AgainAttributes>({
  name: "again",
  infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  vjp: ({ dy }) => [dy],
  reference: ([x]) => x,
  form: { kind: "view", view: (input) => input },
});

export const again = (x: Node, segment: number): Node => makeNode(againOp, [x], { segment });
