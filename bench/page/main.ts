/** The benchmark page: choose suites, run them in a worker, stop them, look, and take the document away. Nothing is sent anywhere. */
import { find, make } from "../../demo/dom.ts";
import { download } from "../../demo/exports.ts";
import { type Around, Collector } from "../document.ts";
import type { BenchJob } from "../job.ts";
import type { BenchResult } from "../schema.ts";
import type { FromWorker, SuiteFacts, ToWorker } from "./messages.ts";
import { Results } from "./results.ts";

/** Of the source, put in when the page is built or served. */
declare const FATHOM_COMMIT: string;
declare const FATHOM_VERSION: string;

/** Makes the page of demo/benchmarks.html work. */
export function openBenchmarkPage(): void {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const send = (message: ToWorker): void => worker.postMessage(message);

  const start = find<HTMLButtonElement>("#start");
  const stop = find<HTMLButtonElement>("#stop");
  const take = find<HTMLButtonElement>("#take");
  const progress = find<HTMLProgressElement>("#bench-progress");
  const status = find<HTMLElement>("#status");
  const cautions = find<HTMLElement>("#cautions");
  const results = new Results(find("#results"));

  let collector: Collector | null = null;
  let job: BenchJob | null = null;
  let running = false;

  const around = (): Around => ({
    runtime: "page",
    browser: /(?:Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(navigator.userAgent)?.[0] ?? "unknown browser",
    fathom: FATHOM_VERSION,
    commit: FATHOM_COMMIT,
    node: null,
    system: navigator.platform || "not told",
    processor: null,
    logicalProcessors: navigator.hardwareConcurrency,
  });

  const gathered = (): BenchResult | null => collector?.document(commandOf(job), around()) ?? null;

  /** How the numbers are made again. */
  function commandOf(given: BenchJob | null): string {
    if (given === null) return "the benchmark page";
    return `the benchmark page: ${given.suites.join(", ")}, ${given.seconds} s${given.quick ? ", quick" : ""}`;
  }

  function setRunning(now: boolean): void {
    running = now;
    document.body.dataset["phase"] = now ? "running" : "idle";
    start.disabled = now;
    stop.disabled = !now;
    take.disabled = now || !gathered()?.suites.length;
  }

  function showSuites(suites: readonly SuiteFacts[]): void {
    find("#suites").replaceChildren(
      ...suites.map(({ name, about }) => {
        const box = make("input", { type: "checkbox", name: "suite", value: name, checked: name === "remedies" });
        return make("label", { className: "suite" }, box, make("span", {}, make("strong", { textContent: name }), `: ${about}.`));
      }),
    );
    setRunning(false);
    status.textContent = "Ready.";
  }

  function show(): void {
    const found = gathered();
    if (!found) return;
    cautions.replaceChildren(...found.cautions.map((caution) => make("li", { textContent: caution })));
    find<HTMLElement>("#cautions").hidden = found.cautions.length === 0;
    find("#machine").textContent = `WebGPU on ${found.environment.adapter} (${found.environment.adapterClass}).`;
    results.show(found);
  }

  function begin(): void {
    const suites = [...document.querySelectorAll<HTMLInputElement>("#suites input:checked")].map(({ value }) => value);
    if (suites.length === 0) {
      status.textContent = "Choose at least one suite.";
      return;
    }
    const seconds = Math.max(1, Math.round(Number(find<HTMLInputElement>("#seconds").value) || 1));
    job = { suites, quick: find<HTMLInputElement>("#quick").checked, seconds, rounds: null, only: [], seed: 7 };
    collector = new Collector(job);
    results.clear();
    setRunning(true);
    noteHidden();
    send({ type: "run", job });
  }

  function noteHidden(): void {
    if (!running || document.visibilityState !== "hidden") return;
    collector?.take({ type: "hidden" });
    show();
  }

  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === "suites") return showSuites(data.suites);
    collector?.take(data);
    switch (data.type) {
      case "line":
        status.textContent = `${data.suite}: ${data.text}`;
        progress.value = (job!.suites.indexOf(data.suite) + Math.min(1, data.share)) / job!.suites.length;
        break;
      case "opened":
      case "suite":
        show();
        break;
      case "failed":
        setRunning(false);
        status.textContent =
          data.error.code === "aborted" ? "Stopped. What was measured until then is below." : `It failed: ${data.error.message}`;
        break;
      case "done":
        setRunning(false);
        progress.value = 1;
        status.textContent = "Done.";
        break;
      case "hidden":
        break;
    }
  });
  worker.addEventListener("error", (event) => {
    setRunning(false);
    status.textContent = `It failed: ${event.message || "the worker could not be loaded"}`;
  });

  start.addEventListener("click", begin);
  stop.addEventListener("click", () => {
    status.textContent = "Stopping …";
    send({ type: "stop" });
  });
  take.addEventListener("click", () => {
    const found = gathered();
    if (found) download("fathom-bench.json", new Blob([JSON.stringify(found, null, 1)], { type: "application/json" }));
  });
  addEventListener("visibilitychange", noteHidden);
  addEventListener("resize", () => results.draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => results.draw());
}
