/** The benchmark page: choose suites, run them in a worker, stop them, look, and take the document away. Nothing is sent anywhere. */
import { find, make } from "../../demo/dom.ts";
import { download } from "../../demo/exports.ts";
import { type Around, Collector } from "../document.ts";
import type { BenchJob } from "../job.ts";
import type { BenchResult } from "../schema.ts";
import { type Form, jobOf } from "./form.ts";
import type { FromWorker, SuiteFacts, ToWorker } from "./messages.ts";
import { Results } from "./results.ts";
import { faultOf, TAKEN_AS, type TakenAs } from "./taking.ts";

/** Of the source, put in when the page is built or served. */
declare const FATHOM_COMMIT: string;
declare const FATHOM_VERSION: string;

/** Makes the page of demo/benchmarks.html work. */
export function openBenchmarkPage(): void {
  const form: Form = {
    suites: find("#suites"),
    seconds: find("#seconds"),
    secondsFault: find("#seconds-fault"),
    only: find("#only"),
    quick: find("#quick"),
  };
  const start = find<HTMLButtonElement>("#start");
  const stop = find<HTMLButtonElement>("#stop");
  const takers = Object.entries({ json: find("#take"), markdown: find("#take-table") } satisfies Record<TakenAs, HTMLButtonElement>);
  const progress = find<HTMLProgressElement>("#bench-progress");
  const status = find<HTMLElement>("#status");
  const cautions = find<HTMLElement>("#cautions");
  const results = new Results(find("#results"));

  /** Null where the last one failed: it may be dead. */
  let worker: Worker | null = null;
  let collector: Collector | null = null;
  let job: BenchJob | null = null;
  let running = false;
  /** Suites that were exported. */
  let taken = 0;

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
    const { suites, seconds, only, quick } = given;
    const parts = [suites.join(", "), ...(only.length > 0 ? [`only ${only.join("; ")}`] : []), `${seconds} s`, ...(quick ? ["quick"] : [])];
    return `the benchmark page: ${parts.join(", ")}`;
  }

  function setRunning(now: boolean): void {
    running = now;
    document.body.dataset["phase"] = now ? "running" : "idle";
    start.disabled = now;
    stop.disabled = !now;
    const nothing = now || !gathered()?.suites.length;
    for (const [, button] of takers) button.disabled = nothing;
  }

  /** A worker that takes another's place tells them again. */
  function showSuites(suites: readonly SuiteFacts[]): void {
    if (form.suites.childElementCount > 0) return;
    form.suites.replaceChildren(
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
    // An alert is read out whenever it changes.
    if (cautions.childElementCount !== found.cautions.length)
      cautions.replaceChildren(...found.cautions.map((caution) => make("li", { textContent: caution })));
    cautions.hidden = found.cautions.length === 0;
    find("#machine").textContent = `WebGPU on ${found.environment.adapter} (${found.environment.adapterClass}).`;
    results.show(found);
  }

  function begin(): void {
    worker ??= startWorker();
    if (form.suites.childElementCount === 0) {
      status.textContent = "Loading …";
      return;
    }
    const given = jobOf(form);
    if (typeof given === "string") {
      status.textContent = given;
      return;
    }
    job = given;
    collector = new Collector(job);
    taken = 0;
    results.clear();
    cautions.replaceChildren();
    cautions.hidden = true;
    setRunning(true);
    noteHidden();
    send({ type: "run", job });
  }

  function noteHidden(): void {
    if (!running || document.visibilityState !== "hidden") return;
    collector?.take({ type: "hidden" });
    show();
  }

  const send = (message: ToWorker): void => worker?.postMessage(message);

  function startWorker(): Worker {
    const started = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    started.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => hear(data));
    started.addEventListener("error", (event) => {
      started.terminate();
      worker = null;
      setRunning(false);
      status.textContent = `It failed: ${event.message || "the worker could not be loaded"}. Run starts anew.`;
    });
    return started;
  }

  function hear(data: FromWorker): void {
    if (data.type === "suites") {
      showSuites(data.suites);
      return;
    }
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
  }

  function take(as: TakenAs): void {
    const found = gathered();
    if (!found) return;
    const fault = faultOf(found);
    if (fault !== null) {
      status.textContent = fault;
      return;
    }
    const { name, type, text } = TAKEN_AS[as];
    download(name, new Blob([text(found)], { type }));
    taken = found.suites.length;
  }

  worker = startWorker();
  find("#choose").addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });
  stop.addEventListener("click", () => {
    status.textContent = "Stopping …";
    send({ type: "stop" });
  });
  for (const [as, button] of takers) button.addEventListener("click", () => take(as as TakenAs));
  addEventListener("beforeunload", (event) => {
    if (running || (gathered()?.suites.length ?? 0) > taken) event.preventDefault();
  });
  addEventListener("visibilitychange", noteHidden);
  addEventListener("resize", () => results.draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => results.draw());
}
