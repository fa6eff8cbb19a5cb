/** A small document of the benchmark that its schema takes, and entries for others. */
import type { BenchResult, Entry } from "../../bench/schema.ts";

export const entry = (id: string, more: Partial<Entry> = {}): Entry => ({
  id,
  title: id,
  group: "clips, 50 layers",
  unit: "ms",
  better: "lower",
  median: 10,
  lowerQuartile: 9,
  upperQuartile: 11,
  samples: [9, 10, 11],
  runsInSample: 2,
  stable: true,
  comparison: null,
  compileMilliseconds: 120,
  facts: { dispatches: 157 },
  target: null,
  met: null,
  ...more,
});

export const compared = (id: string, title: string, ratio: number, interval: [number, number], met: "yes" | "not shown"): Entry =>
  entry(id, {
    title,
    comparison: {
      over: "clips: plain-50",
      ratio,
      interval,
      verdict: interval[0] > 1 ? "slower" : "no measurable difference",
      target: { relation: "at most", value: 1.04, adapterClass: "software" },
      met,
    },
  });

export const RESULT: BenchResult = {
  format: "fathom-bench/2",
  environment: {
    adapter: "a card",
    adapterClass: "hardware",
    vendor: "",
    architecture: "",
    features: ["subgroups"],
    limits: {},
    runtime: "node",
    browser: "Dawn of npm's webgpu",
    userAgent: "Node",
    fathom: "0.1.0",
    commit: "abc",
    node: "v20",
    system: "Linux",
    processor: null,
    logicalProcessors: 2,
    date: "2026-01-01T00:00:00.000Z",
    timerQuantum: 0.001,
  },
  command: "npm run bench -- --suite remedies",
  seed: 7,
  quick: false,
  cautions: ["Take care."],
  suites: [
    {
      name: "remedies",
      about: "what each remedy costs",
      method: "By hand",
      seconds: 1,
      versions: {},
      left: ["Muon: no time was left"],
      entries: [
        entry("clips: plain-50", { title: "plain" }),
        compared("promised: clip-globalNorm-checked-50", "global-norm clip, checked", 1.031, [1.02, 1.044], "not shown"),
        compared("clips: clip-value-50", "clip by value, as measured", 1.01, [0.98, 1.03], "yes"),
      ],
    },
    {
      name: "benefits",
      about: "what each remedy buys",
      method: "By hand",
      seconds: 1,
      versions: {},
      left: [],
      entries: [
        entry("slow: clip-value", { unit: "steps", median: 120, facts: { "never got there": "1 of 5", seconds: 3.21 } }),
        entry("vanishing: clip-value", { unit: "steps", median: 600, facts: { "never got there": "5 of 5" } }),
      ],
    },
  ],
};
