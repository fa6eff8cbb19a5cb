import { describe, expect, it } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { fans } from "../../src/init/fans.ts";
import * as init from "../../src/init/index.ts";
import { erf } from "../../src/ops/erf.ts";

const random = (node = 0) => new Random(7, "init", { node });

function moments(values: Float64Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  return { mean, variance, largest: values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) };
}

/** Mean 0 and variance σ² within five standard errors, which for n values are σ/√n and σ²·√((kurtosis − 1)/n). */
function expectSpread(values: Float64Array, sigma: number, distribution: "uniform" | "normal") {
  const { mean, variance, largest } = moments(values);
  const kurtosis = distribution === "normal" ? 3 : 9 / 5;
  expect(Math.abs(mean)).toBeLessThan((5 * sigma) / Math.sqrt(values.length));
  expect(Math.abs(variance - sigma ** 2)).toBeLessThan(5 * sigma ** 2 * Math.sqrt((kurtosis - 1) / values.length));
  const bound = Math.sqrt(3) * sigma;
  if (distribution === "uniform") {
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.99 * bound);
  } else expect(largest).toBeGreaterThan(1.5 * bound);
}

describe("fans", () => {
  it("counts as PyTorch does: [out, in, ...receptive field]", () => {
    expect(fans("test", [30, 20])).toEqual({ fanIn: 20, fanOut: 30 });
    expect(fans("test", [16, 8, 3, 5])).toEqual({ fanIn: 8 * 15, fanOut: 16 * 15 });
  });

  it("refuses a vector, naming the initialiser and the shape", () => {
    for (const make of [
      init.glorotUniform,
      init.glorotNormal,
      init.heUniform,
      init.heNormal,
      init.lecunUniform,
      init.lecunNormal,
      init.pytorchLinear,
      init.orthogonal,
    ])
      expect(() => make().generate([5], random())).toThrow(`init.${make().name}: needs a weight`);
  });
});

describe("gain", () => {
  // torch.nn.init.calculate_gain of PyTorch 1.13.
  it.each([
    ["linear", undefined, 1],
    ["sigmoid", undefined, 1],
    ["tanh", undefined, 1.6666666666666667],
    ["relu", undefined, Math.SQRT2],
    ["leakyRelu", undefined, 1.4141428569978354],
    ["leakyRelu", 0.2, 1.3867504905630728],
    ["selu", undefined, 0.75],
  ] as const)("%s (%s) is %f", (nonlinearity, slope, expected) => {
    expect(init.gain(nonlinearity, slope)).toBeCloseTo(expected, 15);
  });

  const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
  const hardSigmoid = (z: number): number => Math.min(Math.max(z + 3, 0), 6) / 6;
  const elu = (z: number): number => (z > 0 ? z : Math.expm1(z));
  it.each<[init.Nonlinearity, (z: number) => number]>([
    ["relu", (z) => Math.max(z, 0)],
    ["elu", elu],
    ["celu", elu],
    ["gelu", (z) => (z * (1 + erf(z / Math.SQRT2))) / 2],
    ["silu", (z) => z / (1 + Math.exp(-z))],
    ["softplus", softplus],
    ["mish", (z) => z * Math.tanh(softplus(z))],
    ["hardSigmoid", hardSigmoid],
    ["hardSwish", (z) => z * hardSigmoid(z)],
    ["softsign", (z) => z / (1 + Math.abs(z))],
    ["lecunTanh", (z) => 1.7159 * Math.tanh((2 * z) / 3)],
    ["prelu", (z) => (z > 0 ? z : z / 4)],
    // Of the halves the one is normal as it is, and its second moment 1.
    ["glu", (z) => 1 / (1 + Math.exp(-z))],
    ["swiglu", (z) => z / (1 + Math.exp(-z))],
  ])("of %s keeps the second moment of normal numbers", (name, f) => {
    // The trapezoidal rule with steps of which 3, where functions bend, is a whole multiple: its error is a series in h², whose first two
    // terms Richardson's extrapolation takes out.
    const moment = (h: number): number => {
      let sum = 0;
      for (let k = Math.round(-12 / h); k <= Math.round(12 / h); k++) sum += f(k * h) ** 2 * Math.exp(-((k * h) ** 2) / 2);
      return (sum * h) / Math.sqrt(2 * Math.PI);
    };
    const [one, two, four] = [1 / 64, 1 / 128, 1 / 256].map(moment) as [number, number, number];
    const [first, second] = [(4 * two - one) / 3, (4 * four - two) / 3];
    const third = (16 * second - first) / 15;
    expect(Math.abs(init.gain(name) * Math.sqrt(third) - 1)).toBeLessThan(1e-11);
  });

  it("may be named wherever it is a number", () => {
    for (const make of [init.glorotNormal, init.heUniform, init.orthogonal, init.identity]) {
      const named = make({ gain: "silu" }).generate([4, 4], random());
      expect(named).toEqual(make({ gain: 1.6765324703310913 }).generate([4, 4], random()));
      expect(() => make({ gain: "swish" as never })).toThrow(`init.${make().name}: gain is "swish"; use one of "linear", "sigmoid"`);
      expect(() => make({ gain: -1 })).toThrow(`init.${make().name}: gain is -1`);
    }
  });
});

describe("spread", () => {
  const SHAPE = [64, 30, 3, 3] as const;
  const FAN_IN = 270;
  const FAN_OUT = 576;
  it.each<[init.Initializer, number, "uniform" | "normal"]>([
    [init.uniform({ low: -Math.sqrt(3), high: Math.sqrt(3) }), 1, "uniform"],
    [init.normal(), 1, "normal"],
    [init.normal({ standardDeviation: 0.1 }), 0.1, "normal"],
    [init.glorotUniform(), Math.sqrt(2 / (FAN_IN + FAN_OUT)), "uniform"],
    [init.glorotNormal(), Math.sqrt(2 / (FAN_IN + FAN_OUT)), "normal"],
    [init.glorotNormal({ nonlinearity: "tanh" }), (5 / 3) * Math.sqrt(2 / (FAN_IN + FAN_OUT)), "normal"],
    [init.glorotUniform({ gain: 2 }), 2 * Math.sqrt(2 / (FAN_IN + FAN_OUT)), "uniform"],
    [init.heUniform(), Math.sqrt(2 / FAN_IN), "uniform"],
    [init.heNormal(), Math.sqrt(2 / FAN_IN), "normal"],
    [init.heNormal({ mode: "fanOut" }), Math.sqrt(2 / FAN_OUT), "normal"],
    [init.heNormal({ nonlinearity: "leakyRelu", negativeSlope: 0.5 }), Math.sqrt(2 / 1.25 / FAN_IN), "normal"],
    [init.heUniform({ gain: 3 }), 3 / Math.sqrt(FAN_IN), "uniform"],
    [init.lecunUniform(), 1 / Math.sqrt(FAN_IN), "uniform"],
    [init.lecunNormal(), 1 / Math.sqrt(FAN_IN), "normal"],
    [init.pytorchLinear(), 1 / Math.sqrt(3 * FAN_IN), "uniform"],
    [init.pytorchLinear({ fanIn: 5 }), 1 / Math.sqrt(15), "uniform"],
  ])("of $name is as its formula says (%#)", (initializer, sigma, distribution) => {
    expectSpread(initializer.generate(SHAPE, random()), sigma, distribution);
  });

  it("shifts by the mean, and keeps to the bounds", () => {
    const shifted = init
      .normal({ mean: 4, standardDeviation: 0.5 })
      .generate([10_000], random())
      .map((value) => value - 4);
    expectSpread(shifted, 0.5, "normal");
    const bounded = init.uniform({ low: 2, high: 3 }).generate([1000], random());
    expect(bounded.every((value) => value >= 2 && value < 3)).toBe(true);
  });

  it("is nothing for constants", () => {
    expect([...init.zeros().generate([2, 2], random())]).toEqual([0, 0, 0, 0]);
    expect([...init.constant(1.5).generate([3], random())]).toEqual([1.5, 1.5, 1.5]);
    expect([...init.constant(2).generate([], random())]).toEqual([2]);
  });
});

describe("every initialiser", () => {
  const all = [
    init.zeros(),
    init.constant(1),
    init.uniform(),
    init.normal(),
    init.glorotUniform(),
    init.glorotNormal(),
    init.heUniform(),
    init.heNormal(),
    init.lecunUniform(),
    init.lecunNormal(),
    init.orthogonal(),
    init.pytorchLinear(),
    init.identity(),
  ];
  it.each(all)("$name repeats for one place, differs for another, and takes a shape of no elements", (initializer) => {
    const first = initializer.generate([6, 5], random());
    expect(first).toHaveLength(30);
    expect(initializer.generate([6, 5], random())).toEqual(first);
    if (!["zeros", "constant", "identity"].includes(initializer.name)) expect(initializer.generate([6, 5], random(1))).not.toEqual(first);
    for (const shape of [
      [0, 5],
      [5, 0],
      [0, 0],
    ])
      expect(initializer.generate(shape, random())).toHaveLength(0);
    expect(() => initializer.generate([2, -1], random())).toThrow(FathomError);
  });
});

describe("orthogonal", () => {
  /** |MMᵀ − g²I| or |MᵀM − g²I|, the largest entry, of the matrix's smaller side. */
  function defect(values: Float64Array, rows: number, columns: number, gain: number): number {
    const wide = rows <= columns;
    const count = wide ? rows : columns;
    const length = wide ? columns : rows;
    const entry = (vector: number, index: number) => (wide ? values[vector * columns + index]! : values[index * columns + vector]!);
    let worst = 0;
    for (let a = 0; a < count; a++)
      for (let b = 0; b <= a; b++) {
        let sum = 0;
        for (let index = 0; index < length; index++) sum += entry(a, index) * entry(b, index);
        worst = Math.max(worst, Math.abs(sum - (a === b ? gain ** 2 : 0)));
      }
    return worst;
  }

  it.each([
    [64, 64],
    [10, 64],
    [64, 10],
    [1, 7],
    [7, 1],
    [1, 1],
  ])("is orthonormal along the smaller side of [%i, %i]", (rows, columns) => {
    // A dot product of n terms of unit vectors is off by at most n·2⁻⁵³; twice, for the one that orthogonalises and the one that looks,
    // and as much again for scaling. One pass of Gram-Schmidt instead of two is ten times past it.
    const bound = 4 * (Math.max(rows, columns) + 1) * 2 ** -53;
    for (let node = 0; node < 20; node++)
      expect(defect(init.orthogonal().generate([rows, columns], random(node)), rows, columns, 1)).toBeLessThan(bound);
  });

  it("flattens a receptive field, and applies the gain", () => {
    const values = init.orthogonal({ gain: 3 }).generate([6, 2, 3, 3], random());
    expect(defect(values, 6, 18, 3)).toBeLessThan(9 * 4 * 19 * 2 ** -53);
  });

  it("has either sign on the diagonal, and trace of mean 0: it is drawn by Haar's measure, not fixed by the factorisation", () => {
    const runs = 2000;
    let sum = 0;
    let positive = 0;
    for (let node = 0; node < runs; node++) {
      const values = init.orthogonal().generate([3, 3], random(node));
      // Under Haar's measure on O(3) the trace has mean 0 and variance 1.
      sum += values[0]! + values[4]! + values[8]!;
      if (values[8]! > 0) positive++;
    }
    expect(Math.abs(sum / runs)).toBeLessThan(5 / Math.sqrt(runs));
    expect(Math.abs(positive / runs - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / runs));
  });
});

describe("refused options", () => {
  it.each<[() => unknown, string]>([
    [() => init.normal({ standardDeviation: -1 }), "init.normal: standardDeviation is -1; use a finite number from 0"],
    [() => init.normal({ stddev: 1 } as never), 'init.normal: there is no option "stddev"; it has mean, standardDeviation'],
    [() => init.uniform({ low: 2, high: 1 }), "init.uniform: low 2 is above high 1; swap them"],
    [() => init.constant(NaN), "init.constant: value is NaN; use a finite number"],
    [() => init.heNormal({ mode: "fan_in" as never }), 'init.heNormal: mode is "fan_in"; use one of "fanIn", "fanOut"'],
    [() => init.heNormal({ gain: 1, nonlinearity: "relu" }), 'init.heNormal: gain 1 and nonlinearity "relu" are both given; leave one out'],
    [() => init.heUniform({ gain: -2 }), "init.heUniform: gain is -2; use a finite number from 0"],
    [() => init.glorotNormal({ nonlinearity: "swish" as never }), 'nonlinearity is "swish"; use one of "linear", "sigmoid"'],
    [() => init.pytorchLinear({ fanIn: 1.5 }), "init.pytorchLinear: fanIn is 1.5; use a whole number from 0"],
    [() => init.orthogonal({ gain: Infinity }), "init.orthogonal: gain is Infinity; use a finite number"],
    [() => init.gain("swish" as never), 'init.gain: nonlinearity is "swish"'],
  ])("%#", (call, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow(FathomError);
  });
});

describe("identity", () => {
  it("is the gain where row and column are equal, and 0 elsewhere", () => {
    expect([...init.identity().generate([2, 3], random())]).toEqual([1, 0, 0, 0, 1, 0]);
    expect([...init.identity({ gain: 0.5 }).generate([3, 2], random())]).toEqual([0.5, 0, 0, 0.5, 0, 0]);
    for (const shape of [[4], [2, 2, 2]])
      expect(() => init.identity().generate(shape, random())).toThrow("needs a weight of shape [out, in]");
  });
});

describe("the initialisation of a model", () => {
  it("is refused by its options", () => {
    expect(init.lsuv()).toEqual({ type: "lsuv", tolerance: 0.1, iterations: 10 });
    expect(() => init.lsuv({ tolerance: 1 })).toThrow("init.lsuv: tolerance is 1; use a finite number above 0, below 1");
    expect(() => init.lsuv({ iterations: 0 })).toThrow("init.lsuv: iterations is 0");
    expect(() => init.lsuv({ turns: 3 } as never)).toThrow('no option "turns"');
  });
});
