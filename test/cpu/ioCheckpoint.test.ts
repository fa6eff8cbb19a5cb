/** Checkpoints that are not what they say: each is refused by name, before anything is taken from it. */
import { describe, expect, it } from "vitest";
import { decodeCheckpoint, decodeWeights, type Rename } from "../../src/io/checkpoint.ts";
import { encodeSafetensors } from "../../src/io/safetensors.ts";

const FORMAT = "fathom-checkpoint/2";
const FACTS = { seed: 7, attemptedStep: 3 };
const counters = (words: number) => ({ dtype: "U32" as const, shape: [words], data: new Uint32Array(words) });

function decode(metadata: Record<string, string>, words = 16) {
  return decodeCheckpoint(encodeSafetensors({ "trainer.counters": counters(words) }, metadata), "a.checkpoint", [], [], () => {});
}

describe("decodeWeights", () => {
  const tensor = (value: number) => ({ dtype: "F32" as const, shape: [1], data: Float32Array.of(value) });
  const shallow = encodeSafetensors({ "0.weight": tensor(1), "2.weight": tensor(2), "4.weight": tensor(3) }, {});
  const deep = ["0.weight", "2.weight", "4.weight", "8.weight"].map((name) => ({ name, aliases: [], shape: [1], kind: "f32" as const }));
  const decode = (rename: Rename, partial = true) => decodeWeights(shallow, "a.safetensors", deep, partial, rename);

  it("takes a shallow net's tensors to the places that they have in a deeper one", () => {
    const { values, result } = decode((name) => (name === "4.weight" ? "8.weight" : name === "2.weight" ? null : name));
    expect(Object.fromEntries(values)).toEqual({ "0.weight": Float32Array.of(1), "8.weight": Float32Array.of(3) });
    expect(result).toEqual({ loaded: ["0.weight", "8.weight"], missing: ["2.weight", "4.weight"], unexpected: [] });
    expect(decode((name) => `a.${name}`).result.unexpected).toEqual(["a.0.weight", "a.2.weight", "a.4.weight"]);
  });

  it("refuses names that meet, that are none, and what is missing where not partial", () => {
    expect(() => decode(() => "8.weight")).toThrow("rename gives 0.weight and 2.weight of a.safetensors the one name 8.weight");
    expect(() => decode(() => 3 as never)).toThrow("rename gives 3 for 0.weight");
    expect(() => decode((name) => name, false)).toThrow(/does not fit this model: it lacks 8.weight/);
  });
});

describe("decodeCheckpoint", () => {
  it("takes what is whole", () => {
    expect(decode({ format: FORMAT, facts: JSON.stringify(FACTS) }).state.facts).toEqual(FACTS);
  });

  it.each([
    ["no facts", { format: FORMAT }, 16, /has no facts/],
    ["facts that are null", { format: FORMAT, facts: "null" }, 16, /has no facts/],
    ["facts that are a list", { format: FORMAT, facts: "[]" }, 16, /has no facts/],
    ["facts that are not JSON", { format: FORMAT, facts: "{" }, 16, /not JSON/],
    ["a missing step", { format: FORMAT, facts: "{}" }, 16, /attemptedStep as undefined/],
    ["a step below 0", { format: FORMAT, facts: '{"attemptedStep":-1}' }, 16, /attemptedStep as -1/],
    ["too many counters", { format: FORMAT, facts: JSON.stringify(FACTS) }, 17, /trainer\.counters is U32\[17\]; it must be U32\[16\]/],
    [
      "a checkpoint of another version",
      { format: "fathom-checkpoint/1", facts: JSON.stringify(FACTS) },
      16,
      /another version.*trainer\.load/,
    ],
    ["another format", { format: "pt", facts: JSON.stringify(FACTS) }, 16, /its format is/],
  ])("refuses %s", (_, metadata, words, message) => {
    expect(() => decode(metadata as Record<string, string>, words)).toThrow(message);
    expect(() => decode(metadata as Record<string, string>, words)).toThrow(
      expect.objectContaining({ code: "file-format", message: expect.stringContaining("a.checkpoint") }),
    );
  });
});
