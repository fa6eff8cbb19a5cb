import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { colourOf, normScale } from "../../src/cli/report/colours.ts";
import { binned } from "../../src/cli/report/heatMap.ts";
import { scriptJson } from "../../src/cli/report/html.ts";
import { encodePng } from "../../src/cli/report/png.ts";
import { reportHtml } from "../../src/cli/report/report.ts";
import { linearScale, logScale, tickLabel } from "../../src/cli/report/scale.ts";
import { lossLine, profileLine, weightGrid } from "../../src/cli/report/series.ts";
import type { RunResult } from "../../src/cli/results.ts";
import { columnNotes, resultColumns } from "../../src/cli/resultTable.ts";
import { metricsText, summaryOf } from "../../src/cli/runFiles.ts";
import { SYNTHETIC_DEPTH, SYNTHETIC_SHAPES, syntheticRun } from "../support/syntheticRun.ts";

const run = syntheticRun(200);

describe("the report", () => {
  const html = reportHtml(run);

  it("asks for nothing outside itself, and forbids it", () => {
    expect(html).toContain(`Content-Security-Policy" content="default-src 'none'`);
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"|url\(([^)]*)\)/g)].map(([, quoted, plain]) => quoted ?? plain);
    expect(addresses.length).toBeGreaterThan(5);
    expect(addresses.filter((address) => !/^(data:|#)/.test(address!))).toEqual([]);
  });

  it("shows what users wrote as text", () => {
    expect(html).not.toContain('<script>alert("x")');
    expect(html).toContain("breaks &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
    expect(html).toContain("Synthetic &amp; &lt;made up&gt;");
    expect(html.match(/<\/script>/g)).toHaveLength(2);
  });

  it("lets no name end its data early", () => {
    const names = ["</script><b>", "a"];
    expect(scriptJson({ names })).not.toContain("<");
    expect(JSON.parse(scriptJson({ names }))).toEqual({ names });
  });

  it("has each net's verdict, a heat map for each, and a table behind each chart", () => {
    for (const { verdict } of run.nets) expect(html).toContain(verdict.text.replaceAll("'", "&#39;"));
    expect(html.match(/<svg class="heat"/g)).toHaveLength(run.nets.length);
    // Loss, profile and five maps.
    expect(html.match(/<details><summary>[^<]* as a table/g)).toHaveLength(2 + run.nets.length);
    expect(html.match(/role="img" aria-label="[^"]{20,}"/g)?.length).toBe(2 + run.nets.length + 1);
  });

  it("draws exact zeros and what is not finite apart from every colour", () => {
    const map = (index: number): string =>
      html.slice(html.indexOf(`id="heat-${index}"`), html.indexOf("</svg>", html.indexOf(`id="heat-${index}"`)));
    const kinds = SYNTHETIC_SHAPES.map((_, index) => [map(index).includes("url(#zero)"), map(index).includes("url(#nonfinite)")]);
    expect(kinds).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [false, false],
      [false, true],
    ]);
    // One rectangle for 18 layers of zeros: no seams.
    expect(map(2).match(/url\(#zero\)/g)).toHaveLength(1);
  });

  it("can be made of a run of one step, and of one that reported nothing", () => {
    expect(reportHtml(syntheticRun(1))).toContain('id="heat-0"');
    const silent = { ...run, nets: run.nets.map((net) => ({ ...net, reports: [] })) };
    expect(reportHtml(silent)).toContain("nothing was reported");
    expect(`${reportHtml(silent)}${reportHtml(syntheticRun(1))}`).not.toMatch(/NaN[ ,"]/);
  });
});

describe("the report's parts", () => {
  it("leaves biases out of the maps", () => {
    const grid = weightGrid(run.nets[0]!);
    expect(grid.names).toHaveLength(SYNTHETIC_DEPTH);
    expect(grid.names.every((name) => name.endsWith("weight"))).toBe(true);
  });

  it("joins steps by the worst of them", () => {
    const grid = {
      names: ["a", "b", "c"],
      steps: [0, 1, 2, 3, 4],
      norms: [
        [1, 2, 3, 4, 5],
        [1, 0, 1, 1, 1],
        [1, 0, 1, Number.NaN, 1],
      ],
    };
    const joined = binned(grid, 2);
    expect(joined.steps).toEqual([0, 3]);
    expect(joined.norms).toEqual([
      [2, 5],
      [0, 1],
      [0, Number.NaN],
    ]);
    expect(binned(grid, 5)).toEqual(grid);
  });

  it("smooths a loss by its neighbours' median, and keeps gaps", () => {
    const reports = run.nets[4]!.reports;
    const { points, raw } = lossLine(run.nets[4]!);
    expect(points).toHaveLength(reports.length);
    expect(points.filter(({ y }) => Number.isNaN(y)).map(({ x }) => x)).toEqual(
      reports.filter(({ loss }) => Number.isNaN(loss)).map(({ step }) => step),
    );
    const nearby = reports
      .slice(48, 53)
      .map(({ loss }) => loss)
      .sort((a, b) => a - b);
    expect(points[50]!.y).toBe(nearby[2]);
    expect(raw![50]!.y).toBe(reports[50]!.loss);
  });

  it("leaves zeros out of the profile on a logarithmic scale", () => {
    const { points } = profileLine("x", {
      names: ["a", "b"],
      steps: [0, 1],
      norms: [
        [1, 0],
        [1, 2],
      ],
    });
    expect(points).toEqual([{ x: 2, y: 2 }]);
  });

  it("places values on scales, and marks whole decades", () => {
    const log = logScale(1e-3, 1e3);
    expect(log.place(1)).toBeCloseTo(0.5, 12);
    expect([log.place(0), log.place(1e-9), log.place(1e9)]).toEqual([0, 0, 1]);
    expect(log.ticks).toEqual([1e-3, 1e-2, 0.1, 1, 10, 100, 1000]);
    expect(linearScale(0, 399, 8).ticks).toEqual([0, 50, 100, 150, 200, 250, 300, 350]);
    expect([1e-17, 0.05, 1, 1000, 1e5].map(tickLabel)).toEqual(["10⁻¹⁷", "0.05", "1", "1000", "10⁵"]);
  });

  it("gives norms a scale of whole decades that is not stretched by vanished ones", () => {
    const scale = normScale([3, 1e-17, 0, Number.NaN, Number.POSITIVE_INFINITY]);
    expect(scale.high).toBeCloseTo(10, 9);
    expect(Math.log10(scale.low)).toBeCloseTo(-9, 9);
    expect(normScale([0, 0]).kind).toBe("log");
  });

  it("has colours that grow lighter all the way", () => {
    const lightness = Array.from({ length: 101 }, (_, index) => {
      const [red, green, blue] = colourOf(index / 100).map((channel) => ((channel / 255 + 0.055) / 1.055) ** 2.4);
      return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
    });
    for (let index = 1; index < lightness.length; index++) expect(lightness[index]!).toBeGreaterThan(lightness[index - 1]!);
  });

  it("writes a PNG that reads back", () => {
    const png = encodePng(3, 2, (x, y) => [x, y, 7]);
    expect(png.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
    const at = png.indexOf("IDAT");
    const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
    expect([...rows]).toEqual([0, 0, 0, 7, 1, 0, 7, 2, 0, 7, 0, 0, 1, 7, 1, 1, 7, 2, 1, 7]);
  });
});

describe("the table", () => {
  const titles = (result: RunResult): string[] => resultColumns(result).map(({ title }) => title);

  it("has step times and overheads only where they were measured", () => {
    expect(titles(run)).toEqual([
      "net",
      "train loss",
      "test accuracy",
      "‖g‖ first",
      "‖g‖ last",
      "first/last",
      "ms/step",
      "dispatches",
      "overhead",
    ]);
    expect(titles({ ...run, plain: null })).not.toContain("overhead");
    const untimed = { ...run, nets: run.nets.map((net) => ({ ...net, stepTime: null })) };
    expect(titles(untimed)).not.toContain("ms/step");
    expect(columnNotes(untimed)).toHaveLength(1);
  });

  it("says how much longer a step takes than the plain net's", () => {
    const cells = run.nets.map((net) => resultColumns(run).at(-1)!.cell(net));
    // Steps of 18 to 22 ms; the second is plain.
    expect(cells).toEqual(["−5 %", "plain", "+5 %", "+11 %", "+16 %"]);
  });
});

describe("the files of a run", () => {
  it("has a line for each report with the documented fields, and strings for what is not finite", () => {
    const net = run.nets[4]!;
    const lines = metricsText(net.reports)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(net.reports.length);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(["step", "loss", "regularization", "learningRate", "gradientNorm", "clipScale", "layers"]);
      expect(Object.keys(line.layers[0])).toEqual(["name", "gradientNorm"]);
    }
    expect(lines[0].layers).toHaveLength(2 * SYNTHETIC_DEPTH);
    expect(lines.at(-1).loss).toBe("NaN");
    expect(lines.at(-1).layers[0].gradientNorm).toBe("NaN");
    expect(metricsText([])).toBe("");
  });

  it("sums a run up, with null for what there is not", () => {
    const [vanishes, thrives, , , breaks] = run.nets.map((net) => summaryOf(run, net));
    expect(vanishes).toMatchObject({
      format: "fathom-summary/1",
      steps: 200,
      testAccuracy: 0.8,
      verdict: { kind: "vanishing" },
      stopped: null,
    });
    expect(vanishes!["timing"]).toMatchObject({ overPlain: 18 / 19, plain: "thrives" });
    expect(thrives!["timing"]).toMatchObject({ overPlain: 1 });
    expect(breaks).toMatchObject({ trainAccuracy: null, testAccuracy: null, stopped: { code: "non-finite", step: 160 } });
    expect(breaks!["environment"]).toBe(run.environment);
  });
});
