/** How much a page loads of Fathom, gzipped, shaders among it: bundled from the sources as a release is. */
import { describe, expect, it } from "vitest";
import { type BundledFile, bundle, gzippedSize, isDigits } from "../../scripts/build/measure.ts";
import { smallShader } from "../../scripts/build/smallShaders.ts";
import { ALL_SHADERS } from "../support/allShaders.ts";

/** What is comparable to the packages of other engines: tensors with all of their ops, gradients, compiled functions, every kernel of these. */
const ENGINE = 'export { open, Tensor, grad, valueAndGrad, FathomError } from "/src/index.ts";';

/** The net of the README. */
const TRAINING = `
import { nn, open, optim, schedule } from "/src/index.ts";
const gpu = await open();
const model = nn.sequential(
  nn.linear(64, 128), nn.batchNorm(128), nn.relu(),
  nn.repeat(24, () => nn.residual(nn.linear(128, 128), nn.batchNorm(128), nn.relu())),
  nn.linear(128, 10));
const trainer = await gpu.train({
  model, loss: nn.softmaxCrossEntropy(), batchSize: 64, seed: 7,
  optimizer: optim.adamW({ learningRate: schedule.cosine(3e-3, { steps: 2000 }), weightDecay: 0.01 }),
  clip: optim.clipGlobalNorm(1), regularizer: optim.l2(1e-4) });
for await (const report of trainer.run(globalThis.dataset, { steps: 2000, every: 20 })) console.log(report.loss);`;

const say = (what: string, files: readonly BundledFile[]): void =>
  console.log(`${what}: ${(gzippedSize(files) / 1000).toFixed(1)} KB gzipped in ${files.length} files`);
const modulesOf = (files: readonly BundledFile[]): string[] => files.flatMap(({ modules }) => modules);

describe("what a page loads", () => {
  it("to open the engine is no more than 60 KB", async () => {
    const { first } = await bundle(ENGINE);
    say("engine", first);
    expect(modulesOf(first)).toEqual(expect.arrayContaining(["src/engine.ts", "src/ops/matmul.ts", "shaders/matmul_register.wgsl"]));
    expect(gzippedSize(first)).toBeLessThanOrEqual(60_000);
  });

  it("to train a net is no more than 100 KB, without optimizers and remedies that it does not use", async () => {
    const { first, fetchedWith } = await bundle(TRAINING);
    const all = [...first, ...fetchedWith("src/train/trainer.ts")];
    say("training a net", all);
    const modules = modulesOf(all);
    expect(modules).toEqual(expect.arrayContaining(["src/train/stepGraph.ts", "src/ops/arena/updateAdam.ts", "shaders/batch_norm.wgsl"]));
    const rare = /insight_|lamb|muon_|clip_rows|max_norm|safetensors|experiment|valibot|lsuv\.ts|diagnose|generators|digits/;
    expect(modules.filter((module) => rare.test(module))).toEqual([]);
    expect(gzippedSize(all)).toBeLessThanOrEqual(100_000);
  });

  it("whatever it uses is no more than 165 KB", async () => {
    const { first, later } = await bundle('export * from "/src/index.ts";');
    const all = [...first, ...later].filter((file) => !isDigits(file));
    say("everything", all);
    expect(modulesOf(all)).toEqual(expect.arrayContaining(["src/ops/arena/muon.ts", "src/train/lsuv.ts", "shaders/finish_insight.wgsl"]));
    expect(gzippedSize(all)).toBeLessThanOrEqual(165_000);
  });

  it("holds no float64 reference", async () => {
    const { first, later } = await bundle('export * from "/src/index.ts";');
    // Of Lanczos' and Abramowitz' kind: erf in float64 is there for references alone.
    expect(modulesOf([...first, ...later])).not.toContain("src/ops/erf.ts");
  });
});

describe("a shader as it is shipped", () => {
  const tokens = (text: string): string[] =>
    text
      .replace(/\/\/.*$/gm, "")
      .split("\n")
      .flatMap((line) => line.match(/^\s*#.*|\$\{\w+\}|[\w.]+|[^\s\w]/g) ?? [])
      .map((token) => token.trim());

  it.each(Object.entries(ALL_SHADERS))("%s has the tokens that it was written with", (_, text) => {
    const small = smallShader(text);
    expect(tokens(small)).toEqual(tokens(text));
    // Two operators must not have become one that was not written.
    const operators = (of: string): string[] =>
      of.replace(/\/\/.*$/gm, "").match(/\+\+|--|&&|\|\||<<|>>|->|[-+*/%&|^]=|[=!<>]=|\/\*|\*\//g) ?? [];
    expect(operators(small)).toEqual(operators(text));
    // Where a function ends is found by its brace, which is the first of a line.
    expect(small.match(/^\}/gm)).toEqual(text.match(/^\}/gm));
  });
});
