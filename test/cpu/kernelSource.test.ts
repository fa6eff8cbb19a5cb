/** Lengths of storage arrays: what plans for processors tell, and how a kernel's text takes it. */
import { describe, expect, it } from "vitest";
import { sourceOf, withLengths } from "../../src/gpu/kernelSource.ts";
import type { Target } from "../../src/graph/op.ts";
import { productPlan } from "../../src/plan/productPlan.ts";
import { withSizes } from "../../src/plan/sizes.ts";
import type { Plan, PlanDispatch, PlanKernel } from "../../src/plan/types.ts";

const declared = (type: string, size: number): string =>
  withLengths(`alias F = vec4f;\nalias V = f32;\n@group(0) @binding(0) var<storage, read_write> x: array<${type}>; // elements`, [size])
    .split("\n")
    .at(-1)!;
const sized = (type: string): string => `@group(0) @binding(0) var<storage, read_write> x: array<${type}>; // elements`;

describe("withLengths", () => {
  it.each([
    ["f32", 64, "f32, 16"],
    ["i32", 4, "i32, 1"],
    ["atomic<u32>", 256, "atomic<u32>, 64"],
    ["vec2f", 64, "vec2f, 8"],
    ["vec4u", 64, "vec4u, 4"],
    ["F", 48, "F, 3"],
    ["V", 48, "V, 12"],
  ])("an array of %s in %i bytes", (type, size, expected) => {
    expect(declared(type, size)).toBe(sized(expected));
  });

  it("leaves what it cannot know, what has no room for an element, and what is too large for a type", () => {
    expect(declared("Sums", 64)).toBe(sized("Sums"));
    expect(declared("vec3f", 64)).toBe(sized("vec3f"));
    expect(declared("F", 12)).toBe(sized("F"));
    expect(declared("f32", 2 ** 32)).toBe(sized("f32"));
  });

  it("tells bindings apart, and leaves all other arrays", () => {
    const text = `
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(0) var<storage> b: array<u32>;
@group(0) @binding(2) var<uniform> c: array<vec4f, 2>;
var<workgroup> d: array<f32, SIZE>;`;
    expect(withLengths(text, [4, 8, 32])).toBe(text.replace("<f32>;", "<f32, 2>;").replace("<u32>;", "<u32, 1>;"));
  });
});

describe("sizes of a plan's kernels", () => {
  it("are the least of a kernel's dispatches, binding by binding", () => {
    const kernel = { name: "k", template: "", defines: {}, constants: {}, access: ["read", "read_write"] } satisfies PlanKernel;
    const dispatch = (index: number, ...sizes: number[]): PlanDispatch => ({
      kernel: index,
      bindings: sizes.map((size) => ({ buffer: { kind: "pool", index: 0 }, offset: 0, size })),
      workgroups: [1, 1, 1],
      label: "",
    });
    const found = withSizes([kernel, kernel], [dispatch(0, 8, 64), dispatch(1, 4, 4), dispatch(0, 16, 32)]);
    expect(found.map(({ sizes }) => sizes)).toEqual([
      [8, 32],
      [4, 4],
    ]);
  });

  it("are told where a processor computes, and hold what the product reads and writes", () => {
    const planFor = (adapterClass: Target["adapterClass"]): Plan =>
      productPlan({ m: 16, n: 8, k: 4, layout: "NN" }, { adapterClass, subgroups: false });
    const [software, hardware] = [planFor("software"), planFor("hardware")];
    expect(software.kernels[0]!.sizes).toEqual([16 * 4 * 4, 4 * 8 * 4, 16 * 8 * 4]);
    expect(sourceOf(software.kernels[0]!)).toMatch(/var<storage, read> a: array<\w+, \d+>;/);
    expect(hardware.kernels[0]!.sizes).toBeUndefined();
    expect(sourceOf(hardware.kernels[0]!)).toMatch(/var<storage, read> a: array<\w+>;/);
  });
});
