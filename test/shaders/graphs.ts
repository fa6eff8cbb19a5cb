/** Graphs from which every shader variant is collected: each op, forward and backward, in shapes that pick different variants. */
import { backward } from "../../src/autodiff/backward.ts";
import type { Node } from "../../src/graph/node.ts";
import { elu, gelu, geluTanh, leakyRelu, selu, silu, softplus } from "../../src/ops/activations.ts";
import { argmax, argmin } from "../../src/ops/argReduce.ts";
import { batchNormEvaluate, batchNormTrain } from "../../src/ops/batchNorm.ts";
import { add, div, maximum, minimum, mul, remainder, sub } from "../../src/ops/binary.ts";
import { equal, greaterEqual, logicalAnd, logicalNot, where } from "../../src/ops/compare.ts";
import { concat } from "../../src/ops/concat.ts";
import { input, literal, scalar } from "../../src/ops/define.ts";
import { dropout } from "../../src/ops/dropout.ts";
import { glu, swiglu } from "../../src/ops/gated.ts";
import { embedding, gather } from "../../src/ops/gather.ts";
import { arange, axisIndex, full, oneHot } from "../../src/ops/indices.ts";
import { celu, hardSigmoid, hardSwish, lecunTanh, mish, prelu, softsign } from "../../src/ops/laterActivations.ts";
import { linear } from "../../src/ops/linear.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { multiMargin } from "../../src/ops/multiMargin.ts";
import { norm } from "../../src/ops/norm.ts";
import { groupNorm, layerNorm, rmsNorm, weightNorm } from "../../src/ops/normalize.ts";
import { binaryCrossEntropyWithLogits, huber, meanAbsoluteError, meanSquaredError } from "../../src/ops/pointwiseLoss.ts";
import { clamp, pow } from "../../src/ops/power.ts";
import { amax, amin, max, mean, min, sum, variance } from "../../src/ops/reduce.ts";
import { pad, slice } from "../../src/ops/slice.ts";
import { logSoftmax, softmax } from "../../src/ops/softmax.ts";
import { softmaxCrossEntropy } from "../../src/ops/softmaxCrossEntropy.ts";
import { abs, cast, erf, expm1, floor, log, log1p, reciprocal, relu, sigmoid, sign, sqrt, square, tanh } from "../../src/ops/unary.ts";
import { broadcastTo, copy, reshape, transpose } from "../../src/ops/views.ts";

export const f = (...shape: number[]): Node => input(shape, "f32");
const i = (...shape: number[]): Node => input(shape, "i32");
const u = (...shape: number[]): Node => input(shape, "u32");

/** The value, and its gradients by every f32 input of the graph below it. */
function withGradients(root: Node, ...wrt: readonly Node[]): Node[] {
  const gradients = backward([{ node: sum(mul(root, root)) }], wrt);
  return [root, ...gradients.filter((node) => node !== null)];
}

/** Of one, two and three axes, sizes that do and do not divide by four, one element, and none. */
const SHAPES = [[8], [7], [1], [3, 5], [4, 8], [2, 3, 4], [0, 3], [65537 * 4], []] as const;

function elementwise(): Node[][] {
  const later = [mish, hardSigmoid, hardSwish, softsign, celu, lecunTanh];
  const activations = [...later, tanh, sigmoid, relu, leakyRelu, elu, selu, gelu, geluTanh, silu, softplus];
  const unary = [...activations, copy, erf, expm1, log, log1p, reciprocal, sqrt, square, abs];
  return SHAPES.flatMap((shape) =>
    unary.map((op) => {
      const x = f(...shape);
      return withGradients(op(x), x);
    }),
  );
}

/** Elementwise work on every kind of look at memory: by rows, columns, steps, stretched, and at odd places. */
function looks(): Node[][] {
  const rows = (n: number): Node[] => {
    const [x, y, row, column] = [f(n, n), f(n, n + 3), f(n), f(n, 1)];
    return [
      add(x, transpose(x)),
      add(x, slice(y, [null, { start: 0, end: n }])),
      add(x, slice(y, [null, { start: 3 }])),
      add(add(x, row), column),
      mul(x, broadcastTo(f(1, 1), [n, n])),
      sub(slice(x, [{ step: 2 }]), slice(x, [{ step: 2 }])),
      add(x, scalar(2)),
      add(x, literal(2)),
      add(reshape(transpose(f(n, n, 2)), [n * n * 2]), f(n * n * 2)),
      transpose(x),
    ];
  };
  return [rows(8), rows(5), rows(1)].flat().map((node) => [node]);
}

/** Two numbers and more, every dtype, comparisons, and what has no gradient. */
function arithmetic(): Node[][] {
  const found: Node[][] = [];
  for (const n of [8, 5]) {
    const [x, y] = [f(n), f(2, n)];
    for (const op of [add, sub, mul, div, maximum, minimum, pow]) found.push(withGradients(op(x, y), x, y));
    found.push(withGradients(clamp(x, -1, 1), x), withGradients(clamp(x, 0), x), withGradients(where(greaterEqual(x, y), x, y), x, y));
    found.push([floor(x), sign(x)], [logicalAnd(x, logicalNot(y))]);
    for (const make of [i, u]) {
      const [a, b] = [make(n), make(2, n)];
      found.push(
        [add(a, b), mul(a, b), div(a, b), remainder(a, b)],
        [maximum(a, b), minimum(a, b), equal(a, b)],
        [where(a, b, a), transpose(b)],
      );
      found.push([cast(a, "f32"), cast(x, a.dtype), cast(a, a.dtype === "i32" ? "u32" : "i32")]);
    }
    found.push([arange(n), arange(n, "f32"), full([n], 2), axisIndex([n, 3], 0)]);
  }
  return found;
}

function reductions(): Node[][] {
  const found: Node[][] = [];
  for (const [shape, axes] of [
    [[3, 5], 0],
    [[3, 5], 1],
    [
      [3, 5],
      [0, 1],
    ],
    [[200, 70], 0],
    [[70, 200], 1],
    [[100000], 0],
    [[2, 70000, 3], 1],
    [[0, 3], 0],
    [
      [2, 3, 4],
      [0, 2],
    ],
    [[5000000], 0],
  ] as const) {
    const x = f(...shape);
    found.push(withGradients(sum(x, axes), x), withGradients(mean(x, axes, true), x), [sum(transpose(x)), tanh(sum(x, axes))]);
    found.push([sum(i(...shape), axes)], withGradients(norm(x, axes), x), withGradients(variance(x, axes), x));
    if (shape[0] === 0) continue;
    found.push(withGradients(amax(x, axes), x), withGradients(amin(x, axes), x), [amax(i(...shape), axes), amin(u(...shape), axes)]);
    if (typeof axes !== "number") continue;
    found.push(withGradients(max(x, axes), x), withGradients(min(x, axes), x), [
      argmax(x, axes),
      argmin(i(...shape), axes),
      argmax(u(...shape), axes),
    ]);
  }
  return found;
}

function products(): Node[][] {
  const found: Node[][] = [];
  // m, n and k that divide by four and not, small and large tiles, one row, one column, no terms.
  // Long sums, in parts.
  for (const k of [300_000, 300_001]) {
    const [wide, tall, long, small, bias] = [f(7, k), f(k, 7), f(8, k), f(8, 7), f(8)];
    found.push([tanh(linear(wide, long, bias))], withGradients(linear(tall, small, bias), small, bias));
  }
  for (const [m, n, k] of [
    [8, 8, 8],
    [5, 7, 3],
    [1, 9, 4],
    [64, 64, 64],
    [65, 63, 66],
    [256, 128, 128],
    [250, 131, 129],
    [4, 4, 0],
    [3, 1, 5],
  ] as const) {
    const [a, b, at, bt, bias] = [f(m, k), f(k, n), f(k, m), f(n, k), f(n)];
    found.push(withGradients(matmul(a, b), a, b), withGradients(matmul(transpose(at), transpose(bt)), at, bt));
    found.push(withGradients(tanh(linear(a, bt, bias)), a, bt, bias), withGradients(relu(linear(a, bt)), a, bt));
    found.push([add(matmul(a, b), transpose(f(n, m)))]);
    found.push([matmul(slice(f(m + 1, k + 3), [{ start: 1 }, { start: 3 }]), b)]);
    const [batch, other] = [f(2, 3, m, k), f(3, k, n)];
    found.push(withGradients(matmul(batch, other), batch, other));
  }
  return found;
}

function losses(): Node[][] {
  const found: Node[][] = [];
  for (const [rows, classes] of [
    [4, 3],
    [64, 10],
    [1, 1],
    [33, 1000],
    [5000, 10],
    [300, 5],
  ] as const) {
    const [logits, target] = [f(rows, classes), f(rows, classes)];
    for (const loss of [
      softmaxCrossEntropy(logits, i(rows)),
      softmaxCrossEntropy(logits, i(rows), 0.1),
      multiMargin(logits, i(rows)),
      multiMargin(logits, i(rows), 2),
      meanSquaredError(logits, target),
      meanAbsoluteError(logits, target),
      huber(logits, target),
      binaryCrossEntropyWithLogits(logits, target),
    ])
      found.push([loss, ...backward([{ node: loss }], [logits]).filter((node) => node !== null)]);
    for (const axis of [0, 1]) found.push(withGradients(softmax(logits, axis), logits), withGradients(logSoftmax(logits, axis), logits));
  }
  found.push([oneHot(i(7), 5)], [oneHot(i(2, 2), 4)]);
  return found;
}

function norms(): Node[][] {
  const found: Node[][] = [];
  for (const [rows, channels] of [
    [64, 64],
    [7, 5],
    [2, 1],
    [5000, 8],
    [4097, 3],
    [30, 130],
  ] as const) {
    const [x, scale, shift] = [f(rows, channels), f(channels), f(channels)];
    const whole = batchNormTrain(x, scale, shift, 1e-5);
    const plain = batchNormTrain(x, null, null, 1e-5);
    found.push([...withGradients(relu(whole.y), x, scale, shift), whole.statistics], [...withGradients(plain.y, x), plain.statistics]);
    for (const y of [layerNorm(x, scale, shift, 1e-5), layerNorm(x, null, null, 1e-5)]) found.push(withGradients(tanh(y), x, scale, shift));
    found.push(withGradients(rmsNorm(x, scale, 1e-6), x, scale), withGradients(weightNorm(x, f(rows, 1)), x));
    if (channels % 2 === 0) found.push(withGradients(groupNorm(x, 2, scale, shift, 1e-5), x, scale, shift));
    found.push([batchNormEvaluate(x, f(channels), f(channels), scale, shift, 1e-5)]);
  }
  return found;
}

function places(): Node[][] {
  const found: Node[][] = [];
  for (const index of [i(5), u(2, 3)]) {
    const [table, wide] = [f(9, 4), f(2, 9, 3)];
    found.push(withGradients(embedding(table, index), table), withGradients(gather(wide, index, 1), wide), [gather(i(9, 2), index)]);
  }
  const many = Array.from({ length: 9 }, () => f(3, 2));
  for (const width of [8, 6]) {
    const [x, one, each] = [f(5, width), f(1), f(width)];
    found.push(withGradients(glu(x), x), withGradients(swiglu(x), x));
    found.push(withGradients(prelu(x, one), x, one), withGradients(prelu(x, each), x, each));
  }
  found.push(withGradients(concat(many), many[0]!, many[8]!));
  for (const n of [8, 5]) {
    const [x, y, z] = [f(n, 4), f(n, 3), f(n, 0)];
    found.push(
      withGradients(concat([x, y, z], 1), x, y),
      withGradients(
        pad(
          x,
          [
            [1, 2],
            [0, 3],
          ],
          -1,
        ),
        x,
      ),
      withGradients(slice(x, [{ start: 1, step: 2 }, { start: 1 }]), x),
    );
    found.push(
      [concat([i(n), i(3)]), pad(i(n), [[1, 0]])],
      withGradients(dropout(x, scalar(0.5), scalar(1, "u32"), scalar(2, "u32"), scalar(3, "u32")), x),
    );
  }
  return found;
}

/** All graphs; each entry is the roots of one plan. */
export function graphs(): Node[][] {
  return [elementwise(), looks(), arithmetic(), reductions(), products(), losses(), norms(), places()].flat();
}
