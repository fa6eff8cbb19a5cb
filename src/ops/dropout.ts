/** Dropout and stochastic depth: elements, rows or everything are zeroed at random, by a mask that is a function of seed, step, node and element. */
import { FathomError } from "../core/errors.ts";
import { philox4x32, STREAMS, uniform01 } from "../core/philox.ts";
import { describe } from "../core/shape.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { requireDtype } from "./define.ts";
import { elementwiseOp } from "./elementwise.ts";

/**
 * Inputs x, rate (f32), and seed, step and node (u32); all but x are scalars. `together` neighbouring elements share a random number. What is
 * dropped becomes −0 and a 0 that is kept +0, so that the result alone tells what was dropped.
 */
export const dropoutOp: Op<{ readonly together: number }> = elementwiseOp<{ readonly together: number }>(
  "dropout",
  {
    // A vector's four elements lie in one block of random numbers for any `together`: a block serves 4 · together elements from a multiple of it.
    wgsl: ([x, rate, seed, step, node], { together }, index, width) => {
      const element = together === 1 ? index : `${index} / U(${together}u)`;
      const block = `dropout_block(${element}, ${seed}, ${step}, ${node})`;
      return `dropout_apply(${x}, ${together === 1 && width === 4 ? block : `dropout_lane(${block}, ${element})`}, ${rate})`;
    },
    js: ([x, rate, seed, step, node], { together }, index) => {
      const element = Math.floor(index / together);
      const block = philox4x32([Math.floor(element / 4), step, node, 0], [seed, STREAMS.dropout]);
      return uniform01(block[element % 4]!) >= rate ? x / (1 - rate) + 0 : -0;
    },
    // The same elements are dropped from the gradient. Where nobody else keeps the result for the mask to be read of, it is made again.
    vjp: ({ dy, y, yRead, inputs: [, rate, ...words], attributes }) => [
      yRead ? makeNode(dropoutGradientOp, [dy, rate, y], undefined) : makeNode(dropoutOp, [dy, rate, ...words], attributes),
    ],
  },
  { usesIndex: true, infer: ([{ shape, dtype }]) => ({ shape, dtype }) },
);

/** Inputs dy, rate and what dropout made: dy where that was kept. A zero's sign is found in its bits, for arithmetic may ignore it. */
export const dropoutGradientOp: Op<undefined> = elementwiseOp("dropoutGradient", {
  wgsl: ([dy, rate, y]) => `select(${dy} / (F(1.0) - ${rate}), F(0.0), bitcast<U>(${y}) == U(0x80000000u))`,
  js: ([dy, rate, y]) => (Object.is(y, -0) ? 0 : dy / (1 - rate)),
  vjp: ({ dy, inputs: [, rate, y] }) => [makeNode(dropoutGradientOp, [dy, rate, y], undefined)],
});

/**
 * Each element of `x` is 0 with probability `rate`, else multiplied by 1/(1 − rate); `together` elements one after another share that fate, such
 * as the features of a row. `node` tells apart the uses of randomness in a model; equal seed, step and node give an equal mask.
 */
export function dropout(x: Node, rate: Node, seed: Node, step: Node, node: Node, together = 1): Node {
  requireDtype("dropout", x, "f32");
  requireDtype("dropout", rate, "f32");
  for (const word of [seed, step, node]) requireDtype("dropout", word, "u32");
  for (const [name, one] of Object.entries({ rate, seed, step, node }))
    if (one.shape.length > 0) throw new FathomError("shape", `dropout: ${name} is ${describe(one)}; it must be a scalar`);
  return makeNode(dropoutOp, [x, rate, seed, step, node], { together });
}
