/** A net with every kind of layer whose second derivative is not plain, small enough for central differences. */
import type { Node } from "../../src/graph/node.ts";
import { batchNormTrain } from "../../src/ops/batchNorm.ts";
import { input } from "../../src/ops/define.ts";
import { linear } from "../../src/ops/linear.ts";
import { softmaxCrossEntropy } from "../../src/ops/loss.ts";
import { tanh } from "../../src/ops/unary.ts";
import { spread } from "./float64.ts";

const f = (...shape: number[]): Node => input(shape, "f32");

export interface SmallNet {
  readonly loss: Node;
  readonly x: Node;
  readonly labels: Node;
  readonly parameters: readonly Node[];
  readonly values: ReadonlyMap<Node, ArrayLike<number>>;
}

/** linear → batch-norm → tanh → linear → softmax-cross-entropy; five rows, three features, four hidden, three classes. */
export function smallNet(): SmallNet {
  const x = f(5, 3);
  const labels = input([5], "i32");
  const parameters = [f(4, 3), f(4), f(4), f(4), f(3, 4), f(3)];
  const [w0, b0, scale, shift, w1, b1] = parameters as [Node, Node, Node, Node, Node, Node];
  const hidden = tanh(batchNormTrain(linear(x, w0, b0), scale, shift, 1e-5).y);
  const loss = softmaxCrossEntropy(linear(hidden, w1, b1), labels);
  const values = new Map<Node, ArrayLike<number>>([
    [x, spread(15, 3)],
    [labels, [0, 2, 1, 1, 0]],
  ]);
  for (const [index, node] of parameters.entries())
    values.set(
      node,
      spread(
        node.shape.reduce((size, own) => size * own, 1),
        10 + index,
      ),
    );
  return { loss, x, labels, parameters, values };
}
