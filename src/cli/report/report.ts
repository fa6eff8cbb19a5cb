/** The report of a run as one page: no file beside it, no request, readable without scripts, in light and dark. */
import { createHash } from "node:crypto";
import { formatNumber } from "../format.ts";
import type { NetResult, RunResult } from "../results.ts";
import { columnNotes, resultColumns } from "../resultTable.ts";
import { normScale } from "./colours.ts";
import { binned, HATCHINGS, heatLegend, heatMap, type NormGrid } from "./heatMap.ts";
import hoverScript from "./hover.js?raw";
import { escapeHtml, type HtmlColumn, htmlTable, numbersBehind, scriptJson } from "./html.ts";
import { lineChart } from "./lineChart.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { lossLine, profileLine, sampled, weightGrid } from "./series.ts";
import style from "./style.css?raw";

/** Rows or columns of a table of numbers; metrics.jsonl has all. */
const SAMPLED_STEPS = 21;
const SAMPLED_COLUMNS = 9;

export function reportHtml(result: RunResult): string {
  const grids = result.nets.map((net) => binned(weightGrid(net)));
  const script = hoverScript.trim();
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(result.title)}</title>
<style>
${style}</style>
</head>
<body>
${HATCHINGS}
<header>
<h1>${escapeHtml(result.title)}</h1>
<p>${escapeHtml(subtitle(result))}</p>
</header>
<main>
${outcome(result)}
${losses(result)}
${profiles(result, grids)}
${heatMaps(result, grids)}
${environment(result)}
</main>
<script type="application/json" id="norms">${scriptJson(hoverData(grids))}</script>
<script>${script}</script>
</body>
</html>
`;
}

function subtitle({ nets, environment: { adapter, browser, date } }: RunResult): string {
  const steps = Math.max(...nets.map(({ reports }) => (reports.at(-1)?.step ?? -1) + 1));
  return `${nets.length === 1 ? "One net" : `${nets.length} nets`}, ${steps} steps, on ${adapter} in ${browser}, ${date.slice(0, 10)}`;
}

function outcome(result: RunResult): string {
  const verdicts = result.nets.map(
    ({ title, verdict, stopped }) =>
      `<div><dt>${escapeHtml(title)}</dt><dd class="${verdict.kind}">${escapeHtml(verdict.text)}${stopped ? `<br><small>${escapeHtml(stopped.message)}</small>` : ""}</dd></div>`,
  );
  return `<section aria-labelledby="outcome"><h2 id="outcome">What came of it</h2>
<dl class="verdicts">${verdicts.join("\n")}</dl>
${htmlTable("Results by net", resultColumns(result), result.nets)}
<ul class="notes">${columnNotes(result)
    .map((note) => `<li>${escapeHtml(note)}</li>`)
    .join("")}</ul></section>`;
}

/** A logarithmic scale where the values are positive and wide apart. */
function valueScale(values: readonly number[]): Scale {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return linearScale(0, 1);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return low > 0 && high / low > 10 ? logScale(low, high) : linearScale(Math.min(0, low), high);
}

function stepScale(nets: readonly NetResult[]): Scale {
  return linearScale(0, Math.max(1, ...nets.map(({ reports }) => reports.at(-1)?.step ?? 0)), 8);
}

function losses({ nets }: RunResult): string {
  const lines = nets.map(lossLine);
  const chart = lineChart({
    id: "loss",
    description: `Training loss by step. ${nets.map(({ title, reports }) => `${title}: from ${formatNumber(reports[0]?.loss ?? null)} to ${formatNumber(lossAtEnd(reports))}`).join("; ")}.`,
    x: stepScale(nets),
    y: valueScale(lines.flatMap(({ points, raw }) => [...points, ...(raw ?? [])].map(({ y }) => y))),
    xTitle: "step",
    yTitle: "loss of the batch",
    lines,
  });
  const steps = [...new Set(nets.flatMap(({ reports }) => reports.map(({ step }) => step)))].sort((a, b) => a - b);
  const columns: HtmlColumn<number>[] = [
    { title: "step", align: "right", cell: String },
    ...nets.map(({ title, reports }): HtmlColumn<number> => {
      const byStep = new Map(reports.map(({ step, loss }) => [step, loss]));
      return { title, align: "right", cell: (step) => (byStep.has(step) ? formatNumber(byStep.get(step)!) : "") };
    }),
  ];
  return `<section aria-labelledby="losses"><h2 id="losses">Loss</h2>
<p>Each batch's loss before its update: faint as reported, bold as a running median.</p>
${chart}
${numbersBehind("Losses as a table", htmlTable("Loss by step", columns, sampled(steps, SAMPLED_STEPS)))}</section>`;
}

function lossAtEnd(reports: NetResult["reports"]): number | null {
  const tail = reports.slice(-Math.max(1, Math.floor(reports.length / 10))).map(({ loss }) => loss);
  return tail.length > 0 ? [...tail].sort((a, b) => a - b)[tail.length >> 1]! : null;
}

function profiles({ nets }: RunResult, grids: readonly NormGrid[]): string {
  const lines = nets.map(({ title }, index) => profileLine(title, grids[index]!));
  const norms = lines.flatMap(({ points }) => points.map(({ y }) => y)).filter((norm) => norm > 0 && Number.isFinite(norm));
  const depth = Math.max(1, ...grids.map(({ names }) => names.length));
  const y =
    norms.length > 0
      ? logScale(10 ** Math.floor(Math.log10(Math.min(...norms))), 10 ** Math.ceil(Math.log10(Math.max(...norms))))
      : logScale(0.1, 1);
  const chart = lineChart({
    id: "profile",
    description: `Gradient norm of each layer's weights at the end of training. ${nets.map(({ title, verdict }) => `${title}: ${formatNumber(verdict.first?.gradientNorm ?? null)} at the first layer, ${formatNumber(verdict.last?.gradientNorm ?? null)} at the last`).join("; ")}.`,
    x: linearScale(1, depth, 8),
    y,
    xTitle: "layer, from the input to the output",
    yTitle: "gradient norm",
    lines,
    marks: depth <= 60,
  });
  const layers = Array.from({ length: depth }, (_, index) => index + 1);
  const columns: HtmlColumn<number>[] = [
    { title: "layer", align: "right", cell: String },
    ...grids.map((grid, index): HtmlColumn<number> => {
      const byLayer = new Map(lines[index]!.points.map(({ x, y: norm }) => [x, norm]));
      return {
        title: nets[index]!.title,
        align: "right",
        cell: (layer) => (layer > grid.names.length ? "" : formatNumber(byLayer.get(layer) ?? 0)),
      };
    }),
  ];
  return `<section aria-labelledby="profiles"><h2 id="profiles">Gradient by depth</h2>
<p>The gradient comes from the output, on the right, and is handed down to the input, on the left. Medians over the last tenth of the steps.</p>
${chart}
${numbersBehind("Norms by layer as a table", htmlTable("Gradient norm by layer at the end of training", columns, layers))}</section>`;
}

function heatMaps({ nets }: RunResult, grids: readonly NormGrid[]): string {
  const scale = normScale(grids.flatMap(({ norms }) => norms.flat()));
  const maps = nets.map(({ title, verdict }, index) => {
    const grid = grids[index]!;
    const columns = sampled(
      grid.steps.map((step, column) => ({ step, column })),
      SAMPLED_COLUMNS,
    );
    const table = htmlTable(
      `${title}: gradient norm by layer and step`,
      [
        { title: "layer", align: "left", cell: (layer: number) => `${layer + 1} ${grid.names[layer]}` },
        ...columns.map(
          ({ step, column }): HtmlColumn<number> => ({
            title: `step ${step}`,
            align: "right",
            cell: (layer) => formatNumber(grid.norms[layer]![column]!),
          }),
        ),
      ],
      grid.names.map((_, layer) => layer),
    );
    const description = `${title}: gradient norm of each layer's weights at each step. ${verdict.text}.`;
    return `<figure data-net="${index}"><figcaption>${escapeHtml(title)}</figcaption>
${heatMap({ id: `heat-${index}`, title, description, grid, scale })}
${numbersBehind("Norms as a table", table)}</figure>`;
  });
  return `<section aria-labelledby="heat"><h2 id="heat">Gradient norm by layer and step</h2>
<p>Layer 1 is the first, at the top. One colour scale for all nets, so that they can be compared.</p>
${heatLegend(scale)}
<div class="maps">${maps.join("\n")}</div>
<p id="reading" class="reading" aria-hidden="true"></p></section>`;
}

/** For the reading under the pointer: three digits are as many as it shows. */
function hoverData(grids: readonly NormGrid[]): unknown {
  const short = (norm: number): number | string => (Number.isFinite(norm) ? Number(norm.toPrecision(3)) : String(norm));
  return grids.map(({ names, steps, norms }) => ({ names, steps, norms: norms.map((row) => row.map(short)) }));
}

function environment({ environment: facts, nets }: RunResult): string {
  const rows: [string, string][] = [
    ["WebGPU adapter", `${facts.adapter} (${facts.adapterClass})`],
    ["browser", facts.browser],
    ["Fathom", facts.fathom],
    ["Node", facts.node],
    ["system", facts.system],
    ["processor", `${facts.processor}, ${facts.logicalProcessors} logical`],
    ["date", facts.date],
    ["seed", [...new Set(nets.map(({ seed }) => seed ?? "none"))].join(", ")],
  ];
  const experiments = nets.map(
    ({ title, experiment }) =>
      `<details><summary>Experiment: ${escapeHtml(title)}</summary><pre>${escapeHtml(JSON.stringify(experiment, null, 2))}</pre></details>`,
  );
  return `<section aria-labelledby="environment"><h2 id="environment">How it was run</h2>
${htmlTable(
  "Environment",
  [
    { title: "what", align: "left", cell: ([key]: [string, string]) => key },
    { title: "which", align: "left", cell: ([, value]: [string, string]) => value },
  ],
  rows,
)}
${experiments.join("\n")}</section>`;
}
