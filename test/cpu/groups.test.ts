/** Parameter groups: which parameter is in which, and what is refused. */
import { describe, expect, it } from "vitest";
import { parseExperiment, trainerOptions } from "../../src/experiment/index.ts";
import { bitsOf, CHUNK } from "../../src/ops/arena/layout.ts";
import { checkGroups, groupFactors, type ParameterGroup } from "../../src/optim/groups.ts";
import { groupedChunks, layOutArena } from "../../src/train/arena.ts";

const parameters = [
  { name: "0.weight", aliases: ["5.weight"], role: "weight" },
  { name: "0.bias", aliases: ["5.bias"], role: "bias" },
  { name: "1.weight", aliases: [], role: "normScale" },
  { name: "1.bias", aliases: [], role: "normShift" },
  { name: "10.0.weight", aliases: [], role: "weight" },
] as const;
const ratesOf = (...groups: ParameterGroup[]): number[] => groupFactors("train", groups, parameters).map(({ rate }) => rate);

describe("groups", () => {
  it("take parameters by name and pattern, and the first match wins", () => {
    expect(ratesOf()).toEqual([1, 1, 1, 1, 1]);
    expect(ratesOf({ parameters: "1.*", learningRateFactor: 2 }, { parameters: "*", learningRateFactor: 3 })).toEqual([3, 3, 2, 2, 3]);
    expect(ratesOf({ parameters: "*", learningRateFactor: 3 })).toEqual([3, 3, 3, 3, 3]);
    expect(ratesOf({ parameters: "1*.weight", learningRateFactor: 2 })).toEqual([1, 1, 2, 1, 2]);
    // A dot is a dot, and a pattern is all of the name.
    expect(ratesOf({ parameters: "1*", role: "weight", learningRateFactor: 2 })).toEqual([1, 1, 1, 1, 2]);
    expect(() => ratesOf({ parameters: "0?bias" })).toThrow(/no parameter/);
    expect(() => ratesOf({ parameters: "weight" })).toThrow(/no parameter/);
  });

  it("take a tied parameter by any of its names, and roles alone", () => {
    expect(ratesOf({ parameters: "5.*", learningRateFactor: 0 })).toEqual([0, 0, 1, 1, 1]);
    const decays = groupFactors("train", [{ parameters: "*", role: "normScale", weightDecayFactor: 0 }], parameters);
    expect(decays.map(({ decay }) => decay)).toEqual([1, 1, 0, 1, 1]);
  });

  it("are refused where none is in one, with names; and where all is frozen", () => {
    expect(() => ratesOf({ parameters: "2.*", learningRateFactor: 0 })).toThrow(
      'train: no parameter is in groups[0], "2.*", that is not in an earlier one; there are 0.weight (weight), 0.bias (bias), 1.weight (normScale)',
    );
    expect(() => ratesOf({ parameters: "*", learningRateFactor: 2 }, { parameters: "0.bias" })).toThrow(/in groups\[1\], "0\.bias"/);
    expect(() => ratesOf({ parameters: "0.*", role: "activation" })).toThrow(/"0\.\*" of role activation/);
    expect(() => ratesOf({ parameters: "*", learningRateFactor: 0 })).toThrow(/freeze every parameter/);
    // Float32 knows no smaller one.
    expect(() => ratesOf({ parameters: "*", learningRateFactor: 1e-60 })).toThrow(/freeze every parameter/);
  });

  it.each([
    [{}, /groups are an object/],
    [[{ parameters: "" }], /group 0: parameters is ""/],
    [[{ parameters: "*" }, { parameters: 3 }], /group 1: parameters is 3/],
    [[{ parameters: "*", role: "weights" }], /role is "weights"/],
    [[{ parameters: "*", learningRateFactor: -1 }], /learningRateFactor is -1/],
    [[{ parameters: "*", weightDecayFactor: Number.NaN }], /weightDecayFactor is NaN/],
    [[{ parameters: "*", factor: 1 }], /no option "factor"/],
  ])("are checked: %j", (groups, message) => {
    expect(() => checkGroups("train", groups as never)).toThrow(message);
  });

  it("write their factors into every chunk of a parameter", () => {
    const arena = layOutArena([
      { name: "a", role: "weight", shape: [100, 83] },
      { name: "b", role: "bias", shape: [3] },
    ]);
    const chunks = groupedChunks(arena, [
      { rate: 0.5, decay: 0 },
      { rate: 0, decay: 2 },
    ]);
    const written = Array.from({ length: 4 }, (_, chunk) => [...chunks.subarray(chunk * CHUNK.words + CHUNK.rateFactor).subarray(0, 2)]);
    expect(written).toEqual([...Array(3).fill([bitsOf(0.5), 0]), [0, bitsOf(2)]]);
    expect(chunks.filter((_, index) => index % CHUNK.words < CHUNK.rateFactor)).toEqual(
      arena.chunks.filter((_, index) => index % CHUNK.words < CHUNK.rateFactor),
    );
  });

  it("are a key of the experiment", () => {
    const experiment = parseExperiment({
      format: "fathom-experiment/1",
      seed: 1,
      dataset: { type: "xor" },
      batchSize: 4,
      steps: 1,
      model: [{ type: "linear", units: 2 }],
      loss: "softmaxCrossEntropy",
      optimizer: "adamW",
      schedule: { type: "constant", initial: 0.1 },
      groups: [
        { parameters: "*.bias", weightDecayFactor: 0 },
        { parameters: "*", role: "weight", learningRateFactor: 2 },
      ],
    });
    expect(trainerOptions(experiment, 2).groups).toEqual([
      { parameters: "*.bias", learningRateFactor: 1, weightDecayFactor: 0 },
      { parameters: "*", role: "weight", learningRateFactor: 2, weightDecayFactor: 1 },
    ]);
  });
});
