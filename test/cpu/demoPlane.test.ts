/** The lab's picture of parity: each pattern of four bits in a square of its own, like squares of a chessboard. */
import { expect, it } from "vitest";
import { planeOf } from "../../demo/looks.ts";
import { PLANE_CELLS, PLANE_REACH } from "../../demo/messages.ts";
import { drawnAs, pointsOf, reachOf, SQUARES } from "../../demo/points.ts";
import { data } from "../../src/index.ts";

const squareOf = (at: number): number => Math.floor(((at + PLANE_REACH) / (2 * PLANE_REACH)) * SQUARES);

it("has each sample in a square of its class, with noise and without", () => {
  for (const noise of [0, 0.1]) {
    const parity = data.parity({ samples: 200, noise, seed: 3 });
    expect(drawnAs(parity, "parity")).toBe("patterns");
    const { x, y, trained } = pointsOf(parity, "patterns")!;
    expect([x.length, y.length, trained]).toEqual([2 * 200, 200, parity.train.count]);
    const squares = Array.from(y, (label, sample) => {
      const [column, row] = [squareOf(x[2 * sample]!), squareOf(x[2 * sample + 1]!)];
      expect((column + row) % 2).toBe(label);
      return column + SQUARES * row;
    });
    expect(new Set(squares).size).toBe(SQUARES ** 2);
    // Noise is seen.
    expect(new Set(x).size > 2 * SQUARES).toBe(noise > 0);
  }
});

it("is coloured by what the net says of each pattern", async () => {
  const predict = async (samples: ArrayLike<number>): Promise<Float32Array> =>
    Float32Array.from({ length: samples.length / 2 }, (_, index) => {
      const sample = index >> 1;
      const odd = [0, 1, 2, 3].filter((bit) => samples[4 * sample + bit]! > 0).length % 2;
      return index % 2 === odd ? 9 : -9;
    });
  const cells = (await planeOf({ predict } as never, "patterns", PLANE_REACH))!;
  expect(cells).toHaveLength(PLANE_CELLS ** 2);
  for (const [cell, sure] of cells.entries()) {
    const [column, row] = [cell % PLANE_CELLS, PLANE_CELLS - 1 - Math.floor(cell / PLANE_CELLS)].map((at) =>
      Math.floor((at * SQUARES) / PLANE_CELLS),
    );
    expect(sure > 128).toBe((column! + row!) % 2 === 1);
  }
});

it("reaches as far as the points do, for what is drawn and for what is asked of the net", async () => {
  const own = data.xor({ samples: 50 });
  const [least, most] = [-7, 5];
  own.train.x.set([most, least]);
  const { reach, patterns } = pointsOf(own, "plane")!;
  expect(patterns).toBe(false);
  expect(reach).toBeGreaterThan(7);
  expect(reach).toBeLessThan(8);
  const asked: number[] = [];
  const predict = async (samples: ArrayLike<number>): Promise<Float32Array> => {
    asked.push(...Array.from(samples));
    return new Float32Array(samples.length);
  };
  await planeOf({ predict } as never, "plane", reach);
  expect(Math.max(...asked)).toBeCloseTo(reach * (1 - 1 / PLANE_CELLS), 4);
  expect(Math.min(...asked)).toBeCloseTo(-reach * (1 - 1 / PLANE_CELLS), 4);
  expect(reachOf(data.xor({ samples: 50 }), "plane")).toBe(PLANE_REACH);
  expect(reachOf(data.parity({ samples: 50 }), "patterns")).toBe(PLANE_REACH);
});

it("is none of data of four columns of one's own, nor of more bits", () => {
  const parity = data.parity({ samples: 20 });
  expect(drawnAs(parity, "csv")).toBeNull();
  expect(pointsOf(parity, null)).toBeNull();
  expect(drawnAs(data.parity({ samples: 20, bits: 5 }), "parity")).toBeNull();
  expect(drawnAs(data.xor({ samples: 20 }), "xor")).toBe("plane");
});
