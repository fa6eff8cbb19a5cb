import { describe, expect, it } from "vitest";
import { formatNumber, formatSeconds, markdownTable, slug, textTable } from "../../src/cli/format.ts";
import { Progress } from "../../src/cli/progress.ts";
import { mirrored, spread } from "../../src/cli/statistics.ts";
import { fromJson, toJson } from "../../src/cli/wire.ts";

describe("numbers as text", () => {
  it.each([
    [0, "0"],
    [0.0123456, "0.0123"],
    [1.2e-17, "1.2e-17"],
    [123.4, "123"],
    [250_000, "2.5e5"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [null, "none"],
  ])("%s is %s", (value, text) => expect(formatNumber(value)).toBe(text));

  it("tells seconds from minutes", () => {
    expect(formatSeconds(59.4)).toBe("59 s");
    expect(formatSeconds(125)).toBe("2 min 05 s");
    expect(formatSeconds(Number.POSITIVE_INFINITY)).toBe("?");
  });

  it("makes folder names that every system takes and that JSON does not take for numbers", () => {
    expect(slug("Deep tanh: 24 × 64!")).toBe("deep-tanh-24-64");
    expect(slug("../../etc")).toBe("etc");
    expect(slug("NaN")).toBe("nan");
    expect(slug("数")).toBe("net");
  });
});

describe("JSON with numbers that are not finite", () => {
  it("writes them as the three strings and reads them back", () => {
    const value = { a: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5], b: null, c: "text" };
    expect(toJson(value)).toBe('{"a":["NaN","Infinity","-Infinity",1.5],"b":null,"c":"text"}');
    expect(fromJson(toJson(value))).toEqual(value);
  });
});

describe("tables", () => {
  const columns = [
    { title: "net", align: "left", cell: ([name]: [string, string]) => name },
    { title: "loss", align: "right", cell: ([, loss]: [string, string]) => loss },
  ] as const;

  it("aligns columns in the terminal", () => {
    const table = textTable(columns, [
      ["tanh", "0.1"],
      ["sigmoid", "2.30"],
    ]);
    expect(table).toBe(["net      loss", "───────  ────", "tanh      0.1", "sigmoid  2.30"].join("\n"));
  });

  it("keeps Markdown whole when a cell has a bar", () => {
    expect(markdownTable(columns, [["a|b", "1"]])).toBe(["| net | loss |", "| --- | ---: |", "| a\\|b | 1 |"].join("\n"));
  });
});

describe("Progress", () => {
  const clock = () => {
    let time = 0;
    return { now: () => time, pass: (milliseconds: number) => (time += milliseconds) };
  };

  it("draws one line over and over on a terminal, with step, loss, rate and time left, and leaves it standing", () => {
    const { now, pass } = clock();
    let text = "";
    const progress = new Progress({ isTTY: true, columns: 200, write: (part) => (text += part) }, "tanh", 100, "step", now);
    pass(1000);
    progress.at(25, 1.5);
    expect(text).toBe(`\r${"tanh".padEnd(28)} ${"█".repeat(6)}${"░".repeat(18)} step  25/100  loss 1.50  25.0 steps/s  3 s left\x1b[K`);
    progress.at(26, 1.4);
    expect(text).not.toContain("26/100");
    pass(3000);
    progress.end(100, 0.1);
    expect(text.endsWith("step 100/100  loss 0.100  25.0 steps/s  4 s\x1b[K\n")).toBe(true);
  });

  it("shortens the bar where the terminal is narrow, and never draws a line that would wrap", () => {
    const lineAt = (columns: number): string => {
      const { now, pass } = clock();
      let text = "";
      const progress = new Progress(
        { isTTY: true, columns, write: (part) => (text += part) },
        "residual, He, batch-norm",
        100,
        "step",
        now,
      );
      pass(1000);
      progress.at(50, 1.5);
      return text.replace("\r", "").replace("\x1b[K", "");
    };
    expect(lineAt(90)).toMatch(/^residual, He, batch-norm +█{4,}░{4,} step {2}50\/100.* left$/);
    expect(lineAt(90)).toHaveLength(89);
    expect(lineAt(70)).toMatch(/^residual, He,… ███░░░ step {2}50\/100.* left$/);
    expect(lineAt(65)).toMatch(/^residual, He,… step {2}50\/100.* left$/);
    expect(lineAt(40)).toHaveLength(39);
    expect(lineAt(0)).toBe(lineAt(80));
  });

  it("writes plain lines now and then where there is no terminal", () => {
    const { now, pass } = clock();
    const lines: string[] = [];
    const progress = new Progress({ write: (part) => lines.push(part) }, "tanh", 100, "step", now);
    for (let step = 1; step <= 12; step++) {
      pass(1000);
      progress.at(step, 2);
    }
    progress.end(12, null, "stopped: not finite");
    expect(lines.map((line) => /step +(\d+)/.exec(line)?.[1])).toEqual(["5", "10", "12"]);
    for (const mark of ["\r", "\x1b", "█"]) expect(lines.join("")).not.toContain(mark);
    expect(lines[2]).toMatch(/stopped: not finite\n$/);
  });
});

describe("statistics", () => {
  it("has NumPy's quartiles", () => {
    // numpy.percentile([1, 2, 3, 4, 10], [25, 50, 75]) and of four values.
    expect(spread([10, 1, 3, 2, 4])).toEqual({ count: 5, median: 3, lowerQuartile: 2, upperQuartile: 4 });
    expect(spread([1, 2, 3, 4])).toEqual({ count: 4, median: 2.5, lowerQuartile: 1.75, upperQuartile: 3.25 });
  });

  it("turns the order around in every other round", () => {
    expect([0, 1, 2].map((round) => mirrored(["A", "B", "C"], round).join(""))).toEqual(["ABC", "CBA", "ABC"]);
  });
});
