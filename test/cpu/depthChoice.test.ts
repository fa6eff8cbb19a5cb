/** Where "auto" fuses a stack: on software, from 49 layers on, up to 32 wide and 32 rows, as it was measured (docs/decisions.md). */
import { expect, it } from "vitest";
import { wins } from "../../src/train/depthChoice.ts";

const measured = { adapterClass: "software", width: 32, rows: 32, layers: 49 } as const;

it("fuses where fusing was measured to win, and nowhere past the edges of that", () => {
  expect(wins(measured)).toBe(true);
  for (const past of [{ layers: 48 }, { width: 33 }, { rows: 33 }, { adapterClass: "hardware" as const }])
    expect(wins({ ...measured, ...past }), JSON.stringify(past)).toBe(false);
});
