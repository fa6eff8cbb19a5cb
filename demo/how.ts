/** The page "How it works": compiles the net of the address as training would, and shows its graph, its plan and its dispatches. */
import { nameOf } from "./choices.ts";
import { find, make } from "./dom.ts";
import { experimentOf } from "./experimentOf.ts";
import { drawGraph } from "./graphPicture.ts";
import { type PlannedDispatch, readGraph, readPlan } from "./graphText.ts";
import { readLink } from "./link.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { nameOfNet } from "./netName.ts";
import { carryState } from "./pages.ts";
import { theme } from "./palette.ts";
import { colourOfKernel, drawPlan, kernelsOf } from "./planPicture.ts";
import { fillTable } from "./table.ts";

type Explained = Extract<FromWorker, { type: "explained" }>;

const { choices, experiment, faults } = readLink(location.hash);
const given = experiment ?? experimentOf(choices, nameOf(choices));
carryState(location.hash);

const status = find<HTMLElement>("#status");
find("#net-name").textContent = nameOfNet({ choices, experiment });
if (faults.length > 0) find("#faults").textContent = `The link was not taken whole: ${faults.join("; ")}.`;

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
const fail = (message: string): void => {
  document.body.dataset["phase"] = "failed";
  status.textContent = message;
};
worker.addEventListener("error", ({ message }) => fail(`The worker that compiles failed: ${message || "it could not be loaded"}`));
worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
  if (data.type === "opened" && experiment === null && choices.data === "own") {
    worker.terminate();
    fail("This net trains on your own file, which only the lab has open, and not this page. With other data its step is shown here.");
  } else if (data.type === "opened") worker.postMessage({ type: "explain", experiment: given } satisfies ToWorker);
  else if (data.type === "unusable") fail(data.message);
  else if (data.type === "explained") {
    // It holds the GPU's memory of a whole net.
    worker.terminate();
    if (data.fault === null) show(data);
    else fail(data.fault);
  }
});

function show({ graph, plan, counters, parameters }: Explained): void {
  const [nodes, dispatches] = [readGraph(graph), readPlan(plan)];
  document.body.dataset["phase"] = "done";
  status.textContent = `${parameters.toLocaleString("en")} parameters; ${nodes.length} nodes in the graph of a step become ${dispatches.length} dispatches of ${counters.pipelines} kernels over ${mebibytes(counters.bytes)} of memory of their own, compiled in ${(counters.compileMilliseconds / 1000).toFixed(1)} s.`;
  find("#graph-text").textContent = graph;
  find("#plan-text").textContent = plan;
  find<HTMLElement>("#shown").hidden = false;
  // What scrolls is reached by the keyboard.
  for (const scroll of document.querySelectorAll<HTMLElement>("pre, .scroll")) scroll.tabIndex = 0;
  fillTable(
    find("#dispatches"),
    ["dispatch", "kernel", "workgroups", "reads", "writes", "computes"],
    dispatches.map(({ kernel, workgroups, reads, writes, label }, index) => [
      String(index),
      kernel,
      workgroups,
      String(reads),
      String(writes),
      label,
    ]),
  );
  const draw = (): void => {
    const colours = theme();
    drawGraph(find("#graph"), nodes, colours);
    drawPlan(find("#plan"), dispatches, colours);
    showKernels(dispatches);
  };
  new ResizeObserver(draw).observe(find("#graph"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

/** What each colour is. */
function showKernels(dispatches: readonly PlannedDispatch[]): void {
  const count = (kernel: string): number => dispatches.filter((dispatch) => dispatch.kernel === kernel).length;
  find("#kernels").replaceChildren(
    ...kernelsOf(dispatches).map((kernel, index) => {
      const swatch = make("span", { className: "swatch" });
      swatch.style.background = colourOfKernel(index, theme());
      return make("li", {}, swatch, ` ${kernel} × ${count(kernel)}`);
    }),
  );
}
