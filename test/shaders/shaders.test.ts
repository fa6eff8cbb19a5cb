/** Every shader variant compiles, for software and hardware adapters, with WebGPU's baseline alone where the adapter offers no more. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import { makeNode } from "../../src/graph/node.ts";
import type { Op, Target } from "../../src/graph/op.ts";
import { lower } from "../../src/plan/lower.ts";
import type { PlanKernel } from "../../src/plan/types.ts";
import { ALL_SHADERS } from "../support/allShaders.ts";
import { kernelOf } from "../support/kernelOf.ts";
import { planTraining } from "../support/planningRuntime.ts";
import { compileError, identityOf } from "./compiler.ts";
import { f, graphs } from "./graphs.ts";
import { TRAININGS } from "./trainings.ts";

const TARGETS: readonly Target[] = (["software", "hardware"] as const).flatMap((adapterClass) =>
  [false, true].map((subgroups) => ({ adapterClass, subgroups })),
);
const nameOf = ({ adapterClass, subgroups }: Target): string => `${adapterClass}${subgroups ? " with subgroups" : ""}`;

/** Every op record that the folder of ops exports. */
const RECORDS = new Map(
  Object.values(import.meta.glob<Record<string, unknown>>("../../src/ops/**/*.ts", { eager: true }))
    .flatMap((module) => Object.values(module))
    .filter((value): value is Op => typeof value === "object" && value !== null && "form" in value && "infer" in value)
    .map((op) => [op.name, op]),
);

/** A graph of one elementwise op on float32 inputs, as many as its expression names; null where it takes something else. */
function alone(op: Op): Node | null {
  if (op.form.kind !== "elementwise") return null;
  const names = Array.from({ length: 8 }, (_, index) => `input${index}`);
  let text: string;
  try {
    text = op.form.wgsl(names as never, undefined, "index", 1);
  } catch {
    return null;
  }
  const arity = names.findLastIndex((name) => text.includes(name)) + 1;
  const mixed = /\b[IU]\(|u32|i32|dropout|bitcast/.test(text);
  return arity === 0 || mixed
    ? null
    : makeNode(
        op,
        Array.from({ length: arity }, () => f(12)),
        undefined,
      );
}

interface Collected {
  readonly kernels: ReadonlyMap<string, PlanKernel>;
  readonly ops: ReadonlySet<string>;
}

async function collect(target: Target): Promise<Collected> {
  const single = [...RECORDS.values()].flatMap((op) => alone(op) ?? []).map((node) => [node]);
  const plans = [...graphs(), ...single].map((roots) => lower({ roots, assignments: [], target }).plan);
  for (const { options, dataset } of TRAININGS) plans.push(...(await planTraining(options, dataset, target, true)).map(({ plan }) => plan));
  const kernels = new Map<string, PlanKernel>();
  for (const plan of plans) for (const kernel of plan.kernels) kernels.set(identityOf(kernel), kernel);
  return { kernels, ops: new Set(plans.flatMap((plan) => plan.dispatches.flatMap(({ label }) => label.split(" ")))) };
}

const found = new Map<Target, Collected>();
beforeAll(async () => {
  for (const target of TARGETS) found.set(target, await collect(target));
});

describe.each(TARGETS.map((target) => ({ target, name: nameOf(target) })))("for $name", ({ target }) => {
  it("every kernel compiles, on a device with no feature but what the adapter was said to have", async () => {
    const { kernels } = found.get(target)!;
    expect(kernels.size).toBeGreaterThan(200);
    const errors: string[] = [];
    for (const kernel of kernels.values()) {
      const error = await compileError(kernel, target.subgroups ? ["subgroups"] : []);
      if (error) errors.push(error);
    }
    expect(errors.slice(0, 3).join("\n\n"), `${errors.length} of ${kernels.size} kernels`).toBe("");
  });

  it("every op that takes a dispatch is among them", () => {
    const { ops } = found.get(target)!;
    const needed = [...RECORDS.values()].filter(({ form }) => form.kind === "kernel" || form.kind === "elementwise");
    expect(needed.length).toBeGreaterThan(20);
    expect(
      needed.map(({ name }) => name).filter((name) => !ops.has(name)),
      "add a graph of it to graphs.ts",
    ).toEqual([]);
  });
});

describe("the folder of shaders", () => {
  const folder = new URL("../../shaders/", import.meta.url);
  const files = (path: string): string[] => readdirSync(new URL(path, folder)).filter((name) => name.endsWith(".wgsl"));
  const textOf = (path: string): string => readFileSync(new URL(path, folder), "utf8");
  const texts = Object.values(ALL_SHADERS);

  it("holds no file that the table does not name", () => {
    const named = new Set(Object.keys(ALL_SHADERS));
    expect(files("./").filter((name) => !named.has(name.replace(".wgsl", "")))).toEqual([]);
    expect(files("./").filter((name) => !ALL_SHADERS[name.replace(".wgsl", "")]!.includes(textOf(name)))).toEqual([]);
  });

  it("holds no library file that neither a shader nor generated text takes", () => {
    const library = readFileSync(new URL("../src/ops/library.ts", folder), "utf8");
    const unused = files("lib/").filter(
      (name) => !library.includes(`lib/${name}`) && !texts.some((text) => text.includes(textOf(`lib/${name}`))),
    );
    expect(unused).toEqual([]);
  });

  it("asks for features only where a flag says so", () => {
    // An `enable` outside of #if would be in every variant.
    for (const [name, text] of Object.entries(ALL_SHADERS)) {
      const always = text.split(/^#if[\s\S]*?^#endif.*$/m).join("\n");
      expect(always.match(/^\s*(enable|requires)\b.*/m)?.[0] ?? "", name).toBe("");
    }
  });
});

describe("the check itself", () => {
  const whole =
    "override N: u32;\n@group(0) @binding(0) var<storage, read_write> x: array<f32>;\n@compute @workgroup_size(N) fn main() { x[0] = 1.0; }";

  it("passes what is whole", async () => {
    expect(await compileError(kernelOf(whole, { constants: { N: 64 } }))).toBeNull();
  });

  it.each([
    ["a syntax error", kernelOf(whole.replace("1.0;", "1.0"), { constants: { N: 1 } }), /expected ';'/],
    ["a missing constant", kernelOf(whole), /uninitialized.*\[N\]/],
    ["a constant that the shader lacks", kernelOf(whole, { constants: { N: 1, M: 1 } }), /"M"" not found/],
    ["too many invocations", kernelOf(whole, { constants: { N: 257 } }), /257/],
    ["a binding of another access", kernelOf(whole, { constants: { N: 1 }, access: ["read"] }), /ReadOnlyStorage/],
    ["a binding too few", kernelOf(whole, { constants: { N: 1 }, access: [] }), /doesn't have a BindGroupLayout/],
    [
      "a feature that is not there",
      kernelOf(`enable subgroups;\n${whole}`, { constants: { N: 1 } }),
      /extension 'subgroups' is not allowed/,
    ],
  ])("refuses %s", async (_, broken, message) => {
    expect(await compileError(broken)).toMatch(message);
  });
});

it("every shader of the table is among the variants of one target or another", () => {
  const used = new Set([...found.values()].flatMap(({ kernels }) => [...kernels.values()].map(({ name }) => name)));
  expect(Object.keys(ALL_SHADERS).filter((name) => !used.has(name))).toEqual([]);
});
