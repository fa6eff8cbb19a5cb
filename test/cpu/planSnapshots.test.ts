/** Graph, plan and WGSL of small programs as text: what a refactor must leave as it is. `npx vitest run --project cpu planSnapshots -u` takes over a change that is meant. */
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { specialize } from "../../src/gpu/specialize.ts";
import { printGraph } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { nn, optim, type TrainerOptions } from "../../src/index.ts";
import { add, mul } from "../../src/ops/binary.ts";
import { input, scalar } from "../../src/ops/define.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { sum } from "../../src/ops/reduce.ts";
import { tanh } from "../../src/ops/unary.ts";
import { transpose } from "../../src/ops/views.ts";
import { lower } from "../../src/plan/lower.ts";
import { type Plan, type PlanKernel, printPlan } from "../../src/plan/types.ts";
import { planTraining } from "../support/planningRuntime.ts";

const target: Target = { adapterClass: "software", subgroups: false };

const dataset: Dataset = {
  name: "sixteen numbers",
  sampleShape: [16],
  classes: 4,
  train: { count: 20, x: new Uint8Array(320), xScale: 1 / 16, y: new Int32Array(20), yShape: [] },
  test: null,
};

const title = (text: string): string => `${text}\n${"=".repeat(text.length)}\n`;

/** Library functions have tests of their own, and a change to one should not show everywhere. */
const withoutLibrary = (text: string): string => text.replace(/^fn math_(\w+)\([\s\S]*?^}\n/gm, "");

/** A hand-written shader by what was put in; generated text in full. */
function kernelText({ name, defines, constants, access }: PlanKernel, index: number): string {
  const short = Object.entries(defines).filter(([, value]) => !String(value).includes("\n"));
  const long = Object.entries(defines).filter(([, value]) => String(value).includes("\n"));
  const list = (entries: readonly (readonly [string, unknown])[]): string =>
    entries.map(([key, value]) => `${key}=${String(value)}`).join(" ");
  return [
    `#${index} ${name} (${access.join(", ")})`,
    `defines ${list(short)}`,
    `constants ${list(Object.entries(constants))}`,
    ...long.map(([key, value]) => `${key}:\n${withoutLibrary(String(value)).trim()}`),
  ].join("\n");
}

function programText(graph: string, plan: Plan, kernel: (kernel: PlanKernel, index: number) => string): string {
  return [title("graph") + graph, title("plan") + printPlan(plan), title("kernels") + plan.kernels.map(kernel).join("\n\n"), ""].join(
    "\n\n",
  );
}

describe("a training step", () => {
  const base = { loss: nn.softmaxCrossEntropy(), batchSize: 8, optimizer: optim.sgd({ learningRate: 0.1 }) } satisfies Omit<
    TrainerOptions,
    "model"
  >;
  it.each([
    [
      "tanh-clip-step",
      {
        ...base,
        model: nn.sequential(nn.linear(16, 8), nn.tanh(), nn.linear(8, 8), nn.tanh(), nn.linear(8, 4)),
        clip: optim.clipGlobalNorm(1),
      },
    ],
    [
      "residual-batch-norm-step",
      {
        ...base,
        optimizer: optim.adam({ learningRate: 0.1 }),
        model: nn.sequential(nn.linear(16, 8), nn.residual(nn.linear(8, 8), nn.batchNorm(8), nn.relu()), nn.linear(8, 4)),
      },
    ],
  ] satisfies [string, TrainerOptions][])("of %s is planned as it was", async (name, options) => {
    const [program] = await planTraining(options, dataset, target);
    await expect(programText(program!.graph, program!.plan, kernelText)).toMatchFileSnapshot(`../__snapshots__/${name}.txt`);
  });
});

describe("an eager chain", () => {
  it("is planned and written as it was", async () => {
    const x = input([3, 4], "f32");
    const row = input([4], "f32");
    const y = tanh(add(mul(x, scalar(2)), row));
    const roots = [sum(matmul(y, transpose(y)), 0), y];
    const { plan } = lower({ roots, assignments: [], target });
    const text = programText(printGraph(roots), plan, (kernel, index) =>
      // The product's own text is long, and tested by itself.
      kernel.name.startsWith("matmul")
        ? kernelText(kernel, index)
        : `#${index} ${kernel.name}\n${withoutLibrary(specialize(kernel.name, kernel.template, kernel.defines))}`,
    );
    await expect(text).toMatchFileSnapshot("../__snapshots__/eager-chain.txt");
  });
});
