/** A deep net begins with the weights of a shallow one (Simonyan and Zisserman, 2015), through files. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Engine } from "../../src/engine.ts";
import { nn, open, optim } from "../../src/index.ts";
import { readSafetensors } from "../support/safetensorsReader.ts";

vi.setConfig({ testTimeout: 180_000 });

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

it("a shallow net's file starts a deeper one, at positions of other names", async () => {
  const trainerOf = (hidden: number, seed: number) =>
    gpu.train({
      model: nn.sequential(
        nn.repeat(hidden, () => [nn.linear(3, 3), nn.batchNorm(3), nn.tanh()]),
        nn.linear(3, 2),
      ),
      loss: nn.softmaxCrossEntropy(),
      batchSize: 4,
      optimizer: optim.sgd({ learningRate: 0.1 }),
      seed,
    });
  const [shallow, deep] = [await trainerOf(2, 1), await trainerOf(4, 2)];
  const file = await shallow.save();
  const drawn = readSafetensors(await deep.save());
  // The last hidden layer stays the last; what lies between is new.
  const rename = (name: string): string => name.replace(/^0\.1\./, "0.3.");
  await expect(deep.load(file, { partial: true, rename: "0.3" as never })).rejects.toThrow('rename is "0.3"; pass a function');
  const { loaded, missing, unexpected } = await deep.load(file, { partial: true, rename });
  const [from, to] = [readSafetensors(file), readSafetensors(await deep.save())];
  expect(unexpected).toEqual([]);
  expect(loaded.length).toBe(from.size);
  expect(missing.every((name) => /^0\.[12]\./.test(name))).toBe(true);
  for (const [name, { data }] of from) expect(to.get(rename(name))!.data, name).toEqual(data);
  for (const name of missing) expect(to.get(name)!.data, name).toEqual(drawn.get(name)!.data);
  await expect(deep.load(file, { rename })).rejects.toThrow(/lacks 0.1.0.weight/);
  shallow.dispose();
  deep.dispose();
});
