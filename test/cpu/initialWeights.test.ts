/** What is done to a model's weights once they are drawn: by the structure of the model. */
import { describe, expect, it } from "vitest";
import { prepareExperiment } from "../../src/experiment/index.ts";
import { parseExperiment } from "../../src/experiment/parse.ts";
import { init, nn, optim } from "../../src/index.ts";
import { collect } from "../../src/nn/collect.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { checkInitialization, initialParameters } from "../../src/train/initialWeights.ts";
import { resolveOptions } from "../../src/train/options.ts";

/** By name, what each parameter has become in terms of what was drawn: one factor for all of it. */
function factors(model: nn.Module, initialization: init.Initialization): Record<string, number> {
  const collected = collect(model);
  const arena = layOutArena(collected.parameters);
  const [drawn, made] = [null, initialization].map((one) => initialParameters(model, collected, arena, 5, one)) as [
    Float32Array,
    Float32Array,
  ];
  return Object.fromEntries(
    arena.segments.map(({ name, offset, size }) => {
      const ratios = Array.from({ length: size }, (_, at) => (drawn[offset + at] === 0 ? 1 : made[offset + at]! / drawn[offset + at]!));
      for (const ratio of ratios) expect(Math.abs(ratio - ratios[0]!)).toBeLessThan(2 ** -22);
      return [name, Number(ratios[0]!.toFixed(5))];
    }),
  );
}

const fresh = { biasInit: init.constant(0.5) };
const linear = (from: number, to: number): nn.Module => nn.linear(from, to, fresh);

describe("zeroLast", () => {
  it("takes the last norm's scale, or the last linear layer, of every residual body, and nothing else", () => {
    const model = nn.sequential(
      linear(4, 4),
      nn.residual(linear(4, 4), nn.batchNorm(4), nn.relu()),
      nn.residual(nn.layerNorm(4), nn.relu(), linear(4, 3), nn.sequential(nn.tanh()), {
        projection: true,
        scale: { type: "rezero", initial: 1 },
      }),
      nn.residual(nn.concat(linear(3, 1), nn.sequential(linear(3, 2), nn.batchNorm(2, { affine: false })))),
      nn.residual(nn.repeat(2, () => nn.residual(linear(3, 3)))),
      nn.residual(linear(3, 3), nn.highway(linear(3, 3))),
      linear(3, 2),
    );
    const zero = Object.entries(factors(model, init.zeroLast())).flatMap(([name, factor]) => (factor === 0 ? [name] : []));
    expect(zero).toEqual([
      "1.1.weight",
      "2.2.weight",
      "2.2.bias",
      "3.0.0.weight",
      "3.0.0.bias",
      "3.0.1.0.weight",
      "3.0.1.0.bias",
      "4.0.0.0.0.weight",
      "4.0.0.0.0.bias",
      "4.0.1.0.0.weight",
      "4.0.1.0.0.bias",
      "5.1.0.weight",
      "5.1.0.bias",
    ]);
  });
});

describe("fixup", () => {
  it("shrinks all but the last of each body's m layers by L^(-1/(2m-2)), and makes the last and the head 0, with their biases", () => {
    const model = nn.sequential(
      linear(4, 4),
      nn.residual(linear(4, 4), nn.relu(), linear(4, 4)),
      nn.residual(linear(4, 4), nn.relu(), linear(4, 4), nn.relu(), linear(4, 3), { projection: true }),
      nn.residual(linear(3, 3)),
      nn.residual(nn.relu()),
      linear(3, 2),
    );
    const half = Number((3 ** -0.5).toFixed(5));
    const quarter = Number((3 ** -0.25).toFixed(5));
    expect(factors(model, init.fixup())).toEqual({
      "0.weight": 1,
      "0.bias": 1,
      "1.0.weight": half,
      "1.0.bias": 0,
      "1.2.weight": 0,
      "1.2.bias": 0,
      "2.0.weight": quarter,
      "2.0.bias": 0,
      "2.2.weight": quarter,
      "2.2.bias": 0,
      "2.4.weight": 0,
      "2.4.bias": 0,
      "2.projection.weight": 1,
      "3.0.weight": 0,
      "3.0.bias": 0,
      "5.weight": 0,
      "5.bias": 0,
    });
  });
});

describe("the option", () => {
  const options = { model: linear(4, 4), loss: nn.softmaxCrossEntropy(), batchSize: 2, optimizer: optim.sgd({ learningRate: 1 }) };

  it("comes from the experiment file", async () => {
    const of = async (initialization: unknown): Promise<unknown> =>
      (
        await prepareExperiment(
          parseExperiment({
            format: "fathom-experiment/1",
            seed: 7,
            dataset: { type: "xor", samples: 10 },
            batchSize: 4,
            steps: 3,
            model: [{ type: "linear", units: 10, init: { type: "identity", gain: "tanh" } }],
            initialization,
            loss: "softmaxCrossEntropy",
            optimizer: "sgd",
            schedule: { type: "constant", initial: 0.1 },
          }),
        )
      ).options.initialization;
    expect(await of("lsuv")).toEqual(init.lsuv());
    expect(await of({ type: "lsuv", tolerance: 0.02, iterations: 3 })).toEqual(init.lsuv({ tolerance: 0.02, iterations: 3 }));
    expect(await of("fixup")).toEqual(init.fixup());
    expect(await of("zeroLast")).toEqual(init.zeroLast());
  });

  it("is refused where it is none, or has nothing to work on", () => {
    expect(() => resolveOptions({ ...options, initialization: "lsuv" as never })).toThrow(
      'train: initialization is "lsuv"; pass init.lsuv()',
    );
    const standardized = nn.residual(nn.linear(4, 4), nn.linear(4, 4, { parametrization: "weightStandardization" }));
    const rezero = nn.residual(linear(4, 4), { scale: "rezero" });
    for (const [initialization, model, message] of [
      [init.zeroLast(), options.model, /the model has no residual block; give it nn.residual/],
      [init.fixup(), options.model, /the model has no residual block; give it nn.residual/],
      [init.lsuv(), nn.tanh(), /the model \(tanh\) has no linear layer to scale/],
      [
        init.lsuv(),
        nn.auxiliary({ name: "a" }, standardized),
        /outputs of linear 4 → 4 \(weightStandardization\) do not depend on the size/,
      ],
      [init.fixup(), standardized, /do not depend on the size of its weight; use parametrization "weightNorm"/],
      [init.zeroLast(), rezero, /neither would ever get a gradient; give the scale another initial/],
      [init.fixup(), nn.sequential(rezero), /the scale rezero, which begins as 0/],
      [
        init.fixup(),
        nn.sequential(nn.residual(linear(4, 4), nn.sequential(nn.repeat(2, () => nn.residual(linear(4, 4)))), linear(4, 4))),
        /fixup\(\), and a residual block lies inside another \(residual.*one behind the other, or use init.zeroLast\(\)/,
      ],
    ] as const)
      expect(() => checkInitialization(model, initialization)).toThrow(message);
    expect(() => checkInitialization(standardized, init.zeroLast())).not.toThrow();
    const nested = nn.residual(linear(4, 4), nn.residual(linear(4, 4)));
    expect(() => checkInitialization(nested, init.zeroLast())).not.toThrow();
    // A block of an auxiliary head is not on the way to the output.
    const headed = nn.residual(linear(4, 4), nn.auxiliary({ name: "a" }, nn.residual(linear(4, 4))), linear(4, 4));
    expect(() => checkInitialization(headed, init.fixup())).not.toThrow();
    expect(() => checkInitialization(nn.residual(linear(4, 4), { scale: "layerScale" }), init.zeroLast())).not.toThrow();
  });
});
