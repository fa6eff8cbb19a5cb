/** A run as one HTML file that needs nothing else: its verdict, its charts, what it was compared with, and its experiment. */
import { changesOf } from "./changes.ts";
import { csvOf } from "./exports.ts";
import type { History } from "./history.ts";

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const asText = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);

const STYLE =
  "body{max-width:1000px;margin:24px auto;padding:0 16px;font:16px/1.5 system-ui,sans-serif;color:#16191d;background:#fff}img{max-width:100%;height:auto}figure{margin:24px 0}table{border-collapse:collapse;font-size:.85rem}th,td{padding:3px 14px 3px 0;border-bottom:1px solid #d5dae0;text-align:left;vertical-align:top}pre{overflow:auto;padding:12px;background:#f3f5f7;font-size:.8rem}";

export interface ReportParts {
  readonly run: History;
  readonly verdict: string;
  readonly charts: readonly { readonly title: string; readonly canvas: HTMLCanvasElement }[];
  /** Where the lab shows the same again. */
  readonly address: string;
  /** Holds the table of compared runs. */
  readonly compared: Element;
}

export function reportOf({ run, verdict, charts, address, compared }: ReportParts): string {
  const { experiment, name, step, steps, parameters } = run;
  const json = typeof experiment === "string" ? experiment : JSON.stringify(experiment, null, 2);
  const changes = changesOf(run.marks);
  const pictures = charts.map(
    ({ title, canvas }) =>
      `<figure><figcaption>${asText(title)}</figcaption><img src="${canvas.toDataURL("image/png")}" alt="${asText(title)}"></figure>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${asText(name)} · Fathom</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${asText(name)}</h1>
<p><strong>${asText(verdict)}</strong></p>
<p>Step ${step} of ${steps}, ${parameters} parameters, written ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC. <a href="${asText(address)}">Open in the lab</a>.</p>
${changes === "" ? "" : `<p>Changed while it ran, which the experiment below does not have: ${asText(changes)}.</p>`}
${pictures.join("\n")}
<h2>Runs compared</h2>
${tableOf(compared)}
<h2>Experiment</h2>
<pre>${asText(json)}</pre>
<details><summary>Reports as CSV</summary><pre>${asText(csvOf([run]))}</pre></details>
</body>
</html>
`;
}

/** Text alone: a name that can be edited on the page is its value here. */
function tableOf(holder: Element): string {
  const text = (cell: Element): string => {
    const name = cell.querySelector("input")?.value;
    return name === undefined ? (cell.textContent ?? "") : [name, cell.querySelector("small")?.textContent].filter(Boolean).join(": ");
  };
  const lines = [...holder.querySelectorAll("tr")].map((row) => {
    const cells = [...row.children].map((cell) => `<${cell.localName}>${asText(text(cell))}</${cell.localName}>`);
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<table>${lines.join("\n")}</table>`;
}
