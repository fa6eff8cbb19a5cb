/** What the benchmark page draws of entries, takes from its form, and refuses to export. */
import { expect, it } from "vitest";
import { axisOf, type BarChart, chartsOf, placeOn, ticksOf } from "../../bench/page/bars.ts";
import { textsOf } from "../../bench/page/form.ts";
import { faultOf } from "../../bench/page/taking.ts";
import type { BenchResult, Entry } from "../../bench/schema.ts";

const entry = (id: string, median: number, more: Partial<Entry> = {}): Entry => ({
  id,
  title: id,
  group: "a group",
  unit: "ms",
  better: "lower",
  median,
  lowerQuartile: median,
  upperQuartile: median,
  samples: [median, median],
  runsInSample: 1,
  stable: true,
  comparison: null,
  compileMilliseconds: null,
  facts: {},
  target: null,
  met: null,
  ...more,
});
const over = (base: string, ratio: number): Pick<Entry, "comparison"> => ({
  comparison: { over: base, ratio, interval: [ratio * 0.9, ratio * 1.1], verdict: "slower", target: null, met: null },
});

it("shows what is compared as ratios of any size, and what is neither that nor a base as measured, by unit", () => {
  const charts = chartsOf([
    entry("base", 10),
    entry("slow", 1770, over("base", 177)),
    entry("quick", 5, over("base", 0.5)),
    entry("rate", 8, { unit: "GFLOP/s" }),
    entry("time", 3),
  ]);
  expect(charts.map(({ scale, bars }) => [scale, bars.map(({ label }) => label)])).toEqual([
    ["logarithmic", ["slow", "quick"]],
    ["linear", ["rate"]],
    ["linear", ["time"]],
  ]);
  const [slow, quick] = charts[0]!.bars;
  expect([slow!.value, slow!.dots, quick!.value, quick!.dots]).toEqual([177, [177, 177], 0.5, [0.5, 0.5]]);
  const unsure = { ...over("base", 2).comparison!, verdict: "too few samples" } as const;
  expect(chartsOf([entry("base", 1), entry("twice", 2, { comparison: unsure })])[0]!.bars[0]!.interval).toEqual([2, 2]);
  // A rate four times as high is a fourth of the time.
  const rates = { unit: "GFLOP/s", better: "higher" } as const;
  expect(chartsOf([entry("base", 10, rates), entry("quick", 40, { ...rates, ...over("base", 0.25) })])[0]!.bars[0]!.dots).toEqual([
    0.25, 0.25,
  ]);
});

it("has 1 on its axis of ratios, beside which twice and half as long are as far", () => {
  const chart = (ratios: readonly number[]): BarChart =>
    chartsOf(ratios.map((ratio, at) => entry(`${at}`, ratio, over("base", ratio))))[0]!;
  for (const ratios of [[8, 80], [0.02, 0.4], [1.03], [0.5, 30]]) {
    const axis = axisOf(chart(ratios));
    expect(axis[0]).toBeLessThan(Math.min(1, ...ratios.map((ratio) => 0.9 * ratio)));
    expect(axis[1]).toBeGreaterThan(Math.max(1, ...ratios.map((ratio) => 1.1 * ratio)));
    const place = (value: number): number => placeOn(axis, "logarithmic", value);
    expect(place(Math.sqrt(axis[0] * axis[1]))).toBeCloseTo(0.5, 12);
    for (const most of [1, 3, 5]) {
      const ticks = ticksOf(axis, "logarithmic", most);
      expect(ticks.length, `${axis} in ${most}`).toBeGreaterThan(0);
      expect(ticks.length, `${axis} in ${most}`).toBeLessThanOrEqual(Math.max(2, most + 1));
      for (const tick of ticks) expect(tick >= axis[0] && tick <= axis[1]).toBe(true);
    }
  }
  expect(ticksOf([0.4, 250], "logarithmic")).toEqual([1, 10, 100]);
  expect(ticksOf([0.4, 6], "logarithmic")).toEqual([0.5, 1, 2, 5]);
  expect(placeOn([0.5, 2], "logarithmic", 100)).toBe(1);
});

it("takes texts of parts with semicolons between them, for names have commas", () => {
  expect(textsOf(" a step of 50x64, batch 64; tanh ;; ")).toEqual(["a step of 50x64, batch 64", "tanh"]);
  expect(textsOf("")).toEqual([]);
});

it("says where a document is not what its schema says", () => {
  const result = { suites: [{ name: "peers", entries: [entry("one", Number.NaN)] }] } as unknown as BenchResult;
  expect(faultOf(result)).toMatch(/^Not exported, for its schema does not hold: \w+: .*, and \d+ more\.$/);
});
