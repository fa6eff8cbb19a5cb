/** Modules: names, widths, roles, and what is refused. */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.ts";
import { collect } from "../../src/nn/collect.ts";
import * as nn from "../../src/nn/index.ts";

const names = (model: nn.Module): string[] => collect(model).parameters.map(({ name }) => name);

describe("names", () => {
  it("are PyTorch's for the nesting of DESIGN's example", () => {
    const model = nn.sequential(
      nn.linear(64, 128),
      nn.tanh(),
      nn.repeat(18, () => nn.residual(nn.linear(128, 128), nn.batchNorm(128), nn.relu())),
      nn.linear(128, 10),
    );
    const found = names(model);
    expect(found.slice(0, 4)).toEqual(["0.weight", "0.bias", "2.0.0.0.weight", "2.0.0.0.bias"]);
    expect(found).toContain("2.17.0.0.weight");
    expect(found).toContain("2.17.0.1.bias");
    expect(found.slice(-2)).toEqual(["3.weight", "3.bias"]);
    expect(found).toHaveLength(2 + 18 * 4 + 2);
    expect(
      collect(model)
        .statistics.map(({ path }) => path)
        .slice(0, 2),
    ).toEqual(["2.0.0.1", "2.1.0.1"]);
  });

  it("put a projection beside the numbered entries, and branches by their number", () => {
    const model = nn.sequential(
      nn.residual(nn.linear(8, 4), nn.relu()),
      nn.concat(nn.sequential(nn.linear(4, 3), nn.tanh()), nn.sequential(nn.relu(), nn.linear(4, 2)), nn.sequential()),
      nn.linear(9, 1),
    );
    expect(names(model)).toEqual([
      "0.0.weight",
      "0.0.bias",
      "0.projection.weight",
      "1.0.0.weight",
      "1.0.0.bias",
      "1.1.1.weight",
      "1.1.1.bias",
      "2.weight",
      "2.bias",
    ]);
  });

  it("say the role of each parameter", () => {
    const model = nn.sequential(nn.linear(4, 4), nn.batchNorm(4), nn.residual(nn.linear(4, 2, { bias: false })));
    expect(collect(model).parameters.map(({ name, role, shape }) => `${name} ${role} ${shape.join("x")}`)).toEqual([
      "0.weight weight 4x4",
      "0.bias bias 4",
      "1.weight normScale 4",
      "1.bias normShift 4",
      "2.0.weight weight 2x4",
      "2.projection.weight weight 2x4",
    ]);
  });

  it("are PyTorch's for norms of rows", () => {
    const model = nn.sequential(
      nn.layerNorm(6),
      nn.rmsNorm(6),
      nn.groupNorm(3, 6),
      nn.layerNorm(6, { affine: false }),
      nn.batchNorm(6, { affine: false }),
    );
    expect(collect(model).parameters.map(({ name, role, shape }) => `${name} ${role} ${shape.join("x")}`)).toEqual([
      "0.weight normScale 6",
      "0.bias normShift 6",
      "1.weight normScale 6",
      "2.weight normScale 6",
      "2.bias normShift 6",
    ]);
    expect(() => nn.sequential(nn.linear(4, 5), nn.layerNorm(6))).toThrow(/layerNorm 6\) takes 6 features/);
  });

  it("are PyTorch's for learned slopes", () => {
    const model = nn.sequential(nn.linear(4, 6, { bias: false }), nn.prelu(), nn.glu(), nn.prelu({ features: 3, initial: 0.5 }));
    expect(collect(model).parameters.map(({ name, role, shape }) => `${name} ${role} ${shape.join("x")}`)).toEqual([
      "0.weight weight 6x4",
      "1.weight activation 1",
      "3.weight activation 3",
    ]);
    expect([...collect(model).parameters.at(-1)!.init.generate([3], new Random(1, "init"))]).toEqual([0.5, 0.5, 0.5]);
  });

  it("are PyTorch's for normalised weights, in its order", () => {
    const model = nn.sequential(
      nn.linear(4, 3, { parametrization: "weightNorm" }),
      nn.linear(3, 2, { parametrization: "weightNorm", bias: false }),
      nn.linear(2, 5, { parametrization: "weightStandardization" }),
    );
    expect(collect(model).parameters.map(({ name, role, shape }) => `${name} ${role} ${shape.join("x")}`)).toEqual([
      "0.bias bias 3",
      "0.weight_g normScale 3x1",
      "0.weight_v weight 3x4",
      "1.weight_g normScale 2x1",
      "1.weight_v weight 2x3",
      "2.weight weight 5x2",
      "2.bias bias 5",
    ]);
    expect(model.children[0]!.module.description).toBe("linear 4 → 3 (weightNorm)");
    expect(() => nn.linear(2, 3, { parametrization: "spectral" as never })).toThrow(
      /parametrization is "spectral"; use one of "none", "weightNorm"/,
    );
  });

  it("give one set of parameters to a module that stands twice", () => {
    const shared = nn.linear(4, 4);
    const { parameters } = collect(nn.sequential(shared, nn.tanh(), shared));
    expect(parameters.map(({ name, aliases }) => [name, ...aliases])).toEqual([
      ["0.weight", "2.weight"],
      ["0.bias", "2.bias"],
    ]);
    const norm = nn.batchNorm(4);
    expect(() => collect(nn.sequential(norm, norm))).toThrow(/both at 0 and at 1/);
  });

  it("are found in nets of thousands of layers", () => {
    const flat = nn.sequential(...Array.from({ length: 3000 }, () => nn.linear(2, 2)));
    expect(names(flat)).toHaveLength(6000);
    expect(names(nn.sequential(nn.repeat(3000, () => [nn.linear(2, 2), nn.tanh()]))).at(-1)).toBe("0.2999.0.bias");
  }, 30_000);
});

describe("first values", () => {
  it("are PyTorch's: uniform in ±1/√in for weight and bias", () => {
    const [weight, bias] = collect(nn.sequential(nn.linear(400, 300))).parameters;
    for (const { init, shape } of [weight!, bias!]) {
      const values = init.generate(shape, new Random(3, "init"));
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeLessThan(1 / 20);
      expect(largest).toBeGreaterThan(0.98 / 20);
    }
  });
});

describe("widths", () => {
  it("must fit between neighbours", () => {
    expect(() => nn.sequential(nn.linear(8, 4), nn.relu(), nn.linear(8, 2))).toThrow(
      "entry 2 (linear 8 → 2) takes 8 features, and entry 1 (relu) gives 4",
    );
    expect(() => nn.sequential(nn.linear(8, 4), nn.sequential(nn.tanh(), nn.batchNorm(8)))).toThrow(/takes 8 features/);
    expect(() => nn.repeat(3, () => nn.linear(4, 5))).toThrow(/nn.repeat: entry 1 .* takes 4 features, and entry 0 .* gives 5/);
    expect(() => nn.concat(nn.linear(3, 1), nn.linear(4, 1))).toThrow("branch 0 takes 3 features, and branch 1 4");
  });

  it("ask for a projection exactly where they differ", () => {
    expect(nn.residual(nn.linear(4, 4)).children).toHaveLength(1);
    expect(nn.residual(nn.linear(4, 4), { projection: true }).children.map(({ name }) => name)).toEqual(["0", "projection"]);
    expect(nn.residual(nn.relu(), nn.linear(4, 2)).children.at(-1)!.module.description).toBe("linear 4 → 2");
    const own = nn.sequential(nn.linear(4, 2));
    expect(nn.residual(nn.linear(4, 2), { projection: own }).children.at(-1)!.module).toBe(own);
    expect(() => nn.residual(nn.linear(4, 2), { projection: false })).toThrow(/turns 4 features into 2/);
    expect(() => nn.residual(nn.linear(4, 2), { projection: nn.linear(4, 3) })).toThrow(/gives 3 features, and its body 2/);
    expect(() => nn.residual(nn.relu(), { projection: true })).toThrow(/does not say how many/);
  });

  it("are halved by gates, if they are even", () => {
    expect(nn.sequential(nn.linear(4, 6), nn.swiglu(), nn.linear(3, 1)).gives(4)).toBe(1);
    expect(nn.glu().gives(null)).toBe(null);
    expect(() => nn.sequential(nn.linear(4, 5), nn.glu(), nn.linear(2, 1))).toThrow(/nn.glu: halves its features, and 5 is an odd number/);
    expect(() => nn.sequential(nn.linear(4, 6), nn.glu(), nn.linear(6, 1))).toThrow(/takes 6 features, and entry 1 \(glu\) gives 3/);
  });

  it("add up over branches, an empty one handing its input on", () => {
    const joined = nn.concat(nn.linear(4, 3), nn.sequential());
    expect(joined.takes).toBe(4);
    expect(joined.gives(4)).toBe(7);
    expect(joined.gives(null)).toBe(7);
  });
});

describe("arguments", () => {
  it("are refused by name", () => {
    expect(() => nn.linear(0, 3)).toThrow("nn.linear: inFeatures is 0; use a whole number from 1");
    expect(() => nn.dropout(1)).toThrow(/rate is 1/);
    expect(() => nn.celu({ alpha: 0 })).toThrow("nn.celu: alpha is 0; use a finite number above 0");
    expect(() => nn.prelu({ features: 0 })).toThrow(/nn.prelu: features is 0/);
    expect(() => nn.groupNorm(4, 6)).toThrow(
      "nn.groupNorm: 6 features do not divide into 4 groups of equal size; use a number of groups that divides 6",
    );
    expect(() => nn.groupNorm(0, 6)).toThrow(/groups is 0/);
    expect(() => nn.layerNorm(4, { epsilon: 0 })).toThrow(/nn.layerNorm: epsilon is 0; use a finite number above 0/);
    expect(() => nn.rmsNorm(4, { affine: 1 } as never)).toThrow("nn.rmsNorm: affine is 1; use true or false");
    expect(() => nn.batchNorm(4, { affine: "no" } as never)).toThrow('nn.batchNorm: affine is "no"; use true or false');
    expect(() => nn.linear(2, 3, { biased: false } as never)).toThrow(/no option "biased"/);
    expect(() => nn.sequential(nn.linear as never)).toThrow(/entry 0 is a function/);
    const one = nn.linear(2, 2);
    expect(() => nn.repeat(2, () => one)).toThrow(/round 1 is the same module/);
    expect(() => nn.repeat(2, one as never)).toThrow(/takes a function/);
  });
});
