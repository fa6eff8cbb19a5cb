/** As many layers as a stack takes in one dispatch, where lavapipe (Firefox without a GPU) ends all loops of an invocation after 65,536 rounds. */
import { expect, it } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { makeNode, type Node } from "../../src/graph/node.ts";
import { nn } from "../../src/index.ts";
import { input, pick } from "../../src/ops/define.ts";
import { mostLayers } from "../../src/ops/stack/limits.ts";
import { stackOp } from "../../src/ops/stack/stack.ts";
import { slice } from "../../src/ops/views.ts";
import { runGraphs } from "../support/runGraphs.ts";
import { software } from "../support/runKernel.ts";
import { stackCase } from "../support/stackCases.ts";

const ROWS = 4;
/** Of 32 fours: loops of fewer may be unrolled, and not counted. */
const WIDTH = 128;

it("are walked to the end: bit for bit what two stacks give", { timeout: 60_000 }, async () => {
  // Many norms: few weights, and many rounds.
  const body = (width: number): nn.Module[] => [
    nn.residual(...Array.from({ length: 2 }, () => nn.layerNorm(width)), nn.linear(width, width), nn.tanh()),
  ];
  const { attributes } = stackCase(body, WIDTH, ROWS, 1);
  const half = Math.floor(mostLayers(attributes, software) / 2);
  const layers = 2 * half;
  expect(half).toBeGreaterThan(30);
  const { values: given, x, parameters, ...whole } = stackCase(body, WIDTH, ROWS, layers);
  const { stride } = attributes;
  const part = (from: Node, begin: number, end: number): Node => {
    const own = slice(parameters, [{ start: begin * stride, end: end * stride }]);
    return pick(makeNode(stackOp, [from, own], { ...whole.attributes, layers: end - begin }), 0);
  };
  const dy = input([ROWS, WIDTH], "f32");
  const values = new Map([...given, [dy, Float32Array.from({ length: ROWS * WIDTH }, (_, index) => Math.cos(index))]]);
  const ys = [whole.y, part(part(x, 0, half), half, layers)];
  // The gradient goes through all that both walks have done.
  const roots = ys.map((y) => backward([{ node: y, gradient: dy }], [x])[0]!);
  const [dx, other] = await runGraphs(
    roots.map((root) => ({ what: root.op.name, root, values })),
    software,
  );
  expect(dx!.findIndex((value, at) => value !== other![at])).toBe(-1);
  expect(dx!.every(Number.isFinite)).toBe(true);
  expect(dx!.some((value) => Math.abs(value) > 1e-3)).toBe(true);
});
