/** PyTorch's known answers (test/oracle/ops.json) as graphs: the op of a case on inputs of its own, and the gradients with its cotangent. */
import { backward } from "../../src/autodiff/backward.ts";
import type { DType } from "../../src/core/dtype.ts";
import type { Node } from "../../src/graph/node.ts";
import { elu, gelu, geluTanh, leakyRelu, selu, silu } from "../../src/ops/activations.ts";
import { maximum, minimum } from "../../src/ops/binary.ts";
import { constant } from "../../src/ops/broadcast.ts";
import { where } from "../../src/ops/compare.ts";
import { input } from "../../src/ops/define.ts";
import { glu, swiglu } from "../../src/ops/gated.ts";
import { embedding } from "../../src/ops/gather.ts";
import { celu, hardSigmoid, hardSwish, lecunTanh, mish, prelu, softsign } from "../../src/ops/laterActivations.ts";
import { norm } from "../../src/ops/norm.ts";
import { clamp, powNumber } from "../../src/ops/power.ts";
import { amax, amin, max, mean, min, variance } from "../../src/ops/reduce.ts";
import { abs, log, relu, sigmoid, sign, softplus, sqrt, tanh } from "../../src/ops/unary.ts";
import { type OpCase, opCases } from "./opsFixture.ts";

type Options = OpCase["options"];
type Build = (inputs: readonly Node[], options: Options) => Node;

const number = (options: Options, name: string): number => options[name] as number;
const one =
  (build: (x: Node, options: Options) => Node): Build =>
  ([x], options) =>
    build(x!, options);

const BUILDS: Readonly<Record<string, Build>> = {
  sigmoid: one(sigmoid),
  tanh: one(tanh),
  relu: one(relu),
  leakyRelu: one((x, options) => leakyRelu(x, number(options, "negativeSlope"))),
  elu: one((x, options) => elu(x, number(options, "alpha"))),
  selu: one(selu),
  gelu: one((x, { form }) => (form === "tanh" ? geluTanh(x) : gelu(x))),
  silu: one(silu),
  mish: one(mish),
  hardSigmoid: one(hardSigmoid),
  hardSwish: one(hardSwish),
  softsign: one(softsign),
  lecunTanh: one(lecunTanh),
  celu: one((x, options) => celu(x, number(options, "alpha"))),
  prelu: ([x, weight]) => prelu(x!, weight!),
  glu: one(glu),
  swiglu: one(swiglu),
  softplus: one(softplus),
  maximum: ([a, b]) => maximum(a!, b!),
  minimum: ([a, b]) => minimum(a!, b!),
  amax: one((x, options) => amax(x, number(options, "axis"))),
  amin: one((x, options) => amin(x, number(options, "axis"))),
  max: one((x, options) => max(x, number(options, "axis"))),
  min: one((x, options) => min(x, number(options, "axis"))),
  clamp: one((x, options) => clamp(x, number(options, "min"), number(options, "max"))),
  abs: one(abs),
  sign: one(sign),
  sqrt: one(sqrt),
  log: one(log),
  pow: one((x, options) => powNumber(x, number(options, "exponent"))),
  where: ([a, b, condition]) => where(condition!, a!, b!),
  norm: one((x, options) => norm(x, number(options, "axis"))),
  variance: one((x, options) => variance(x, number(options, "axis"), { correction: number(options, "correction") })),
  mean: one((x, options) => mean(x, number(options, "axis"))),
  embedding: ([weight, indices]) => embedding(weight!, indices!),
};

export interface CaseGraph {
  readonly what: string;
  readonly opCase: OpCase;
  readonly root: Node;
  /** In the order of the case's inputs. */
  readonly gradients: readonly { readonly name: string; readonly node: Node }[];
  readonly values: ReadonlyMap<Node, ArrayLike<number>>;
}

/** The cases whose ops are built here; losses and softmax have suites of their own. */
export const caseGraphs: readonly CaseGraph[] = opCases
  .filter(({ op }) => op in BUILDS)
  .map((opCase) => {
    const { op, options, inputs, constants = {}, cotangent } = opCase;
    const values = new Map<Node, ArrayLike<number>>();
    const leaf = ({ shape, data }: { shape: readonly number[]; data: Float64Array }, dtype: DType): Node => {
      const node = input(shape, dtype);
      values.set(node, data);
      return node;
    };
    const variables = Object.values(inputs).map((array) => leaf(array, "f32"));
    const fixed = Object.values(constants).map((array) => leaf(array, op === "embedding" ? "i32" : "f32"));
    const root = BUILDS[op]!([...variables, ...fixed], options);
    const gradients = backward([{ node: root, gradient: leaf(cotangent, "f32") }], variables);
    return {
      what: `${op} ${JSON.stringify(options)}`,
      opCase,
      root,
      gradients: Object.keys(inputs).map((name, index) => ({ name, node: gradients[index] ?? constant(0, variables[index]!) })),
      values,
    };
  });
