/** Checkpoints that are not what they say: each is refused by name, before anything is taken from it. */
import { describe, expect, it } from "vitest";
import { decodeCheckpoint } from "../../src/io/checkpoint.ts";
import { encodeSafetensors } from "../../src/io/safetensors.ts";

const FORMAT = "fathom-checkpoint/2";
const FACTS = { seed: 7, attemptedStep: 3 };
const counters = (words: number) => ({ dtype: "U32" as const, shape: [words], data: new Uint32Array(words) });

function decode(metadata: Record<string, string>, words = 16) {
  return decodeCheckpoint(encodeSafetensors({ "trainer.counters": counters(words) }, metadata), "a.checkpoint", [], [], () => {});
}

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
