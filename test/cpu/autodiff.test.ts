/** Reverse-mode differentiation by itself: sums over paths, what stops a gradient, and depth; in float64, without a GPU. */
import { describe, expect, it } from "vitest";
import { backward, blockedBy } from "../../src/autodiff/backward.ts";
import { type Node, topologicalOrder, upcomingSerial } from "../../src/graph/node.ts";
import { add, greater, mul } from "../../src/ops/binary.ts";
import { input, literal, scalar } from "../../src/ops/define.ts";
import { dropout } from "../../src/ops/dropout.ts";
import { detach } from "../../src/ops/layout.ts";
import { linear, linearWeightGradient } from "../../src/ops/linear.ts";
import { sum } from "../../src/ops/reduce.ts";
import { square, tanh } from "../../src/ops/unary.ts";
import { broadcastTo } from "../../src/ops/views.ts";
import { checkGradients, computeFloat64, spread } from "../support/float64.ts";
import { hessianProduct } from "../support/smallNet.ts";

const f = (...shape: number[]): Node => input(shape, "f32");
const gradient = (root: Node, at: Node): Node => backward([{ node: root }], [at])[0]!;

describe("gradients", () => {
  it("sum over all paths", () => {
    const x = f(3);
    // x² + 2x, by four paths.
    const y = sum(add(mul(x, x), add(x, x)));
    const [dx] = computeFloat64([gradient(y, x)], new Map([[x, [1, -2, 0.5]]]));
    expect([...dx!]).toEqual([4, -2, 3]);
  });

  it("are null where nothing reaches, and 1 at the root itself", () => {
    const [x, other] = [f(), f(2)];
    expect(backward([{ node: square(x) }], [other])).toEqual([null]);
    expect([...computeFloat64([gradient(x, x)], new Map())[0]!]).toEqual([1]);
  });

  it("begin from given ones, at several roots", () => {
    const [x, weights] = [f(2), f(2)];
    const [dx] = backward([{ node: square(x), gradient: weights }, { node: sum(x) }], [x]);
    const values = new Map([
      [x, [3, -1]],
      [weights, [10, 100]],
    ]);
    expect([...computeFloat64([dx!], values)[0]!]).toEqual([61, -199]);
  });

  it("stop at detach and at ops that have none, and say which", () => {
    const x = f(2);
    expect(backward([{ node: sum(detach(x)) }], [x])).toEqual([null]);
    const mask = greater(x, literal(0));
    expect(backward([{ node: sum(mask) }], [x])).toEqual([null]);
    expect(blockedBy(sum(mask), x)?.op.name).toBe("greater");
    expect(blockedBy(sum(x), x)).toBeNull();
    // A mask beside a path that does have a gradient.
    const [dx] = computeFloat64([gradient(sum(mul(mask, x)), x)], new Map([[x, [2, -2]]]));
    expect([...dx!]).toEqual([1, 0]);
  });

  it("go through ten thousand layers", () => {
    const x = f(2);
    let y: Node = x;
    for (let layer = 0; layer < 10_000; layer++) y = add(y, literal(1));
    const dx = gradient(sum(y), x);
    expect([...computeFloat64([dx], new Map([[x, [0, 0]]]))[0]!]).toEqual([1, 1]);
    let z: Node = x;
    for (let layer = 0; layer < 10_000; layer++) z = tanh(z);
    expect(topologicalOrder([gradient(sum(z), x)]).length).toBeGreaterThan(20_000);
  });

  it("undo every broadcast", () => {
    const [row, column, scalar] = [f(3), f(2, 1), f()];
    const y = sum(mul(square(add(row, column)), broadcastTo(scalar, [2, 3])));
    const values = new Map([
      [row, [1, 2, 3]],
      [column, [10, -20]],
      [scalar, [0.5]],
    ]);
    for (const { worst } of checkGradients(y, [row, column, scalar], values)) expect(worst).toBeLessThan(1e-9);
  });
});

describe("dropout's gradient", () => {
  const word = (value: number): Node => scalar(value, "u32");
  const dropped = (x: Node): Node => dropout(x, scalar(0.5), word(1), word(2), word(3));
  /** The results of dropout that gradients read its mask of. */
  const readBy = (gradients: readonly (Node | null)[]): Node[] =>
    topologicalOrder(gradients.filter((node) => node !== null)).flatMap(({ op, inputs }) =>
      op.name === "dropoutGradient" ? [inputs[2]!] : [],
    );

  it("reads what is kept for another gradient, and nothing that is not", () => {
    const [x, weight, last] = [f(2, 4), f(3, 4), f(3, 3)];
    const y = dropped(tanh(x));
    const hidden = linear(y, weight);
    expect(readBy(backward([{ node: sum(hidden) }], [x, weight]))).toEqual([y]);
    expect(readBy(backward([{ node: sum(hidden) }], [x])), "a frozen weight").toEqual([]);
    expect(readBy(backward([{ node: sum(linear(hidden, last)) }], [x, last])), "a frozen weight, and one that is not").toEqual([]);
    expect(readBy(backward([{ node: sum(square(add(x, y))) }], [x])), "a skip").toEqual([]);
    expect(readBy(backward([{ node: sum(tanh(y)) }], [x])), "a gradient of the result after it").toEqual([]);
  });

  it("reads it through a look of another shape", () => {
    const [x, weight] = [f(2, 3, 4), f(3, 4)];
    const y = dropped(x);
    expect(readBy(backward([{ node: sum(linear(y, weight)) }], [x, weight]))).toEqual([y]);
  });

  it("reads what was computed a second time where that is what is read", () => {
    const [x, weight] = [f(2, 4), f(4, 4)];
    const from = upcomingSerial();
    const y = dropped(tanh(x));
    const hidden = linear(y, weight);
    const copies = new Map<Node, Node>();
    const segments = [{ from, to: upcomingSerial() }];
    const gradients = backward([{ node: sum(square(hidden)) }], [x, weight], { segments, copied: (node, copy) => copies.set(node, copy) });
    expect(readBy(gradients)).toEqual([copies.get(y)]);
  });
});

describe("an op that is differentiated through its decomposition", () => {
  it("gives each place its own gradient where one node stands in two", () => {
    const x = f(3, 2);
    const { weight, bias } = linearWeightGradient(x, x, true);
    for (const root of [weight, bias!]) expect(checkGradients(root, [x], new Map([[x, spread(6)]]))[0]!.worst).toBeLessThan(1e-9);
  });

  it("does so too where one place is computed from the other", () => {
    const x = f(3, 2);
    const { weight } = linearWeightGradient(tanh(x), x, false);
    expect(checkGradients(weight, [x], new Map([[x, spread(6)]]))[0]!.worst).toBeLessThan(1e-9);
  });
});

describe("second derivatives", () => {
  it("of x³ are 6x", () => {
    const x = f(3);
    const first = gradient(sum(mul(square(x), x)), x);
    const second = gradient(sum(first), x);
    const values = new Map([[x, [2, -1, 0.5]]]);
    expect([...computeFloat64([first], values)[0]!]).toEqual([12, 3, 0.75]);
    expect([...computeFloat64([second], values)[0]!]).toEqual([12, -6, 3]);
  });

  it("as a Hessian-vector product through linear, tanh, batch-norm and softmax-cross-entropy", () => {
    const { products, values, truth, idle } = hessianProduct();
    for (const [index, own] of computeFloat64(products, values).entries()) {
      const scale = truth[index]!.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      for (const [element, value] of own.entries())
        expect(Math.abs(value - truth[index]![element]!) / scale, `parameter ${index}, element ${element}`).toBeLessThan(1e-8);
      // A Hessian that was zero would pass in silence.
      if (index !== idle) expect(own.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    }
  });
});
