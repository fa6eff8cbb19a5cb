/** The lab's rows of reports keep every number while their array grows. */
import { expect, it } from "vitest";
import { withAdded } from "../../demo/rowStore.ts";

it("keeps what was there, in order, through every growth", () => {
  const rowLength = 3;
  let rows = new Float32Array(0);
  const truth: number[] = [];
  for (let batch = 0; batch < 100; batch++) {
    const added = Float32Array.from({ length: rowLength * (1 + (batch % 4)) }, (_, index) => 1000 * batch + index);
    rows = withAdded(rows, truth.length, added, rowLength);
    truth.push(...added);
    expect([...rows.subarray(0, truth.length)]).toEqual(truth);
  }
});
