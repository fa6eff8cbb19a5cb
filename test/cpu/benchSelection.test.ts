/** What `--only` takes of the real remedies: never a base by itself. */
import { describe, expect, it } from "vitest";
import { ALL_VARIANTS, PLAIN } from "../../bench/remedies/variants.ts";
import { Selection } from "../../bench/selection.ts";
import { remedies } from "../../bench/suites/remedies.ts";
import { suiteContext } from "../support/suiteContext.ts";

/** Titles of what would be measured, by group; groups of which nothing would be are left out. */
async function taken(...only: readonly string[]) {
  const selection = new Selection(only);
  const groups: Record<string, string[]> = {};
  await remedies(
    suiteContext({
      isWhole: selection.isAll,
      async measure(group, contestants) {
        const own = selection.of(group, contestants);
        if (own.length > 0) groups[group] = own.map(({ title }) => title);
        return [];
      },
    }),
  );
  return { groups, selection };
}

describe("--only, of the remedies", () => {
  it("takes what is named with the net that it is compared with, and nothing of groups where that net alone has the name", async () => {
    const { groups, selection } = await taken("tanh");
    const own = [PLAIN.title, "lecunTanh", "gelu by tanh"];
    expect(groups).toEqual({ "activations, 24 layers": own, "activations, 50 layers": own });
    expect(selection.found).toBe(true);
  });

  it.each(["SGD", "plain", PLAIN.title])(
    "takes nothing for %s, which only the net that all are compared with is named, and says so",
    async (text) => {
      const { groups, selection } = await taken(text);
      expect(groups).toEqual({});
      expect([selection.found, selection.loneBases]).toEqual([false, [PLAIN.title]]);
      expect(selection.refusedGroups).toContain("clips, 50 layers");
    },
  );

  it("takes whole groups, and a base that is compared itself", async () => {
    const { groups } = await taken("monitoring, 24 layers");
    expect(groups["monitoring, 24 layers"]).toHaveLength(1 + ALL_VARIANTS.filter(({ id }) => id.startsWith("monitor-")).length);
    const [norms, statistics] = ["monitor-norms", "monitor-statistics"].map((id) => ALL_VARIANTS.find((one) => one.id === id)!.title);
    expect((await taken(statistics!)).groups["monitoring, 24 layers"]).toEqual([PLAIN.title, statistics]);
    expect((await taken(norms!)).groups["monitoring, 24 layers"]).toEqual([PLAIN.title, statistics, norms]);
    expect(Object.values((await taken()).groups).every(([first]) => first === PLAIN.title)).toBe(true);
  });
});
