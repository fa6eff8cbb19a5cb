/** The page: one net that trains live, its loss and its gradient norms by layer, and what they say. */
import { type Diagnosis, data, diagnose, FathomError, open, type Report, type Trainer } from "../src/index.ts";
import { type Decades, decadesOf, drawLoss, drawNorms, fillTable } from "./charts.ts";
import { readSettings, trainerOptions } from "./settings.ts";

const STEPS = 1000;
/** The verdict looks at so many reports; it is read aloud, so it does not change at every step. */
const JUDGED_REPORTS = 200;
const VERDICT_MILLISECONDS = 1500;
const MOST_TABLE_ROWS = 20;

const find = <E extends Element>(selector: string): E => {
  const found = document.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
};

const form = find<HTMLFormElement>("#settings");
const startButton = find<HTMLButtonElement>("#start");
const resetButton = find<HTMLButtonElement>("#reset");
const verdictLine = find<HTMLElement>("#verdict");
const numbersLine = find<HTMLElement>("#numbers");
const charts = { norms: find<SVGElement>("#norms"), loss: find<SVGElement>("#loss") };
const tables = { norms: find<HTMLDetailsElement>("#norms-table"), loss: find<HTMLDetailsElement>("#loss-table") };

/** One training, from Start to its end or to Reset. */
interface Run {
  readonly controller: AbortController;
  readonly reports: Report[];
  readonly started: number;
  trainer: Trainer | null;
  decades: Decades | null;
  judgedAt: number;
  drawn: number;
  frame: number;
}

let run: Run | null = null;

function say(text: string, kind: Diagnosis["kind"] | "error" | "plain" = "plain"): void {
  if (verdictLine.textContent === text) return;
  verdictLine.textContent = text;
  verdictLine.dataset["kind"] = kind;
}

const weightsOf = (report: Report): Report["layers"] => report.layers.filter(({ role }) => role === "weight");

function draw(): void {
  if (!run) return;
  run.frame = requestAnimationFrame(draw);
  const { reports } = run;
  const last = reports.at(-1);
  if (!last || run.drawn === reports.length) return;
  run.drawn = reports.length;
  const weights = weightsOf(last);
  const norms = weights.map(({ gradientNorm }) => gradientNorm);
  run.decades = decadesOf(norms, run.decades);
  drawNorms(charts.norms, norms, run.decades);
  const losses = reports.map(({ loss }) => loss);
  drawLoss(charts.loss, losses, STEPS);
  numbersLine.textContent = `step ${last.step + 1} of ${STEPS}, loss ${last.loss.toPrecision(3)}, gradient norm ${last.gradientNorm.toPrecision(3)}${last.clipScale < 1 ? `, clipped to ${(100 * last.clipScale).toPrecision(2)} %` : ""}`;
  if (tables.norms.open) {
    const rows = weights.map(({ name, gradientNorm }, layer) => [String(layer + 1), name, gradientNorm.toExponential(2)]);
    fillTable(find("#norms-table > section"), ["layer", "weights", "gradient norm"], rows);
  }
  if (tables.loss.open) {
    const every = Math.ceil(reports.length / MOST_TABLE_ROWS);
    const rows = reports.filter((_, index) => index % every === 0).map(({ step, loss }) => [String(step), loss.toPrecision(4)]);
    fillTable(find("#loss-table > section"), ["step", "loss"], rows);
  }
  if (performance.now() - run.judgedAt > VERDICT_MILLISECONDS) sayVerdict(run);
}

function sayVerdict(current: Run, stopped: { step: number; where: string } | null = null): void {
  current.judgedAt = performance.now();
  // The beginning stays among them, because learning is measured from there.
  const { reports } = current;
  const judged = reports.length > JUDGED_REPORTS ? [reports[0]!, ...reports.slice(1 - JUDGED_REPORTS)] : reports;
  const { kind, text } = diagnose(judged, { chance: Math.log(10), stopped });
  say(text, kind);
}

function showButtons(): void {
  const going = run?.trainer && !run.controller.signal.aborted;
  startButton.textContent = !run ? "Start" : going && !run.trainer?.paused ? "Pause" : "Go on";
  startButton.disabled = run !== null && !going;
  resetButton.disabled = run === null;
}

function reset(message: string): void {
  if (run) {
    cancelAnimationFrame(run.frame);
    run.controller.abort();
    // A paused run does not look at its signal until it goes on.
    run.trainer?.resume();
  }
  run = null;
  say(message);
  numbersLine.textContent = "\u00a0";
  drawNorms(charts.norms, [], { low: -4, high: 1 });
  drawLoss(charts.loss, [], STEPS);
  for (const table of Object.values(tables)) table.querySelector("section")?.replaceChildren();
  showButtons();
}

const gpu = await open().catch((error: unknown) => {
  // The reason and the remedy for the browser at hand.
  say(error instanceof FathomError ? error.message : `WebGPU could not be opened: ${String(error)}`, "error");
  for (const control of form.elements) (control as HTMLInputElement).disabled = true;
  return null;
});

async function train(current: Run): Promise<void> {
  const { controller, reports } = current;
  const { signal } = controller;
  let trainer: Trainer | null = null;
  try {
    const dataset = await data.digits();
    trainer = await gpu!.train(trainerOptions(readSettings(form)));
    if (signal.aborted) return;
    current.trainer = trainer;
    await trainer.prepare(dataset);
    if (signal.aborted) return;
    showButtons();
    for await (const report of trainer.run(dataset, { steps: STEPS, signal })) reports.push(report);
    draw();
    sayVerdict(current);
    const { accuracy } = await trainer.evaluate(dataset.test!);
    if (!signal.aborted && accuracy !== null)
      numbersLine.textContent = `${STEPS} steps in ${((performance.now() - current.started) / 1000).toFixed(0)} s, test accuracy ${(100 * accuracy).toFixed(1)} %`;
  } catch (error) {
    if (signal.aborted) return;
    draw();
    if (error instanceof FathomError && error.code === "non-finite") sayVerdict(current, whereStopped(error));
    else say(error instanceof Error ? error.message : String(error), "error");
  } finally {
    trainer?.dispose();
    if (run === current) {
      cancelAnimationFrame(current.frame);
      current.trainer = null;
      showButtons();
    }
  }
}

function whereStopped({ details, message }: FathomError): { step: number; where: string } {
  const { step, layerName, parameter } = details;
  return { step: Number(step), where: layerName ? `the output of ${layerName}` : parameter ? `the gradient of ${parameter}` : message };
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!gpu) return;
  if (run?.trainer) {
    if (run.trainer.paused) run.trainer.resume();
    else run.trainer.pause();
    showButtons();
    return;
  }
  const now = performance.now();
  run = { controller: new AbortController(), reports: [], started: now, trainer: null, decades: null, judgedAt: now, drawn: 0, frame: 0 };
  say("Compiling the step …");
  showButtons();
  draw();
  void train(run);
});
form.addEventListener("input", () => {
  find("#depth-shown").textContent = find<HTMLInputElement>("#depth").value;
  if (run) reset("The settings have changed. Press Start to train that net.");
});
resetButton.addEventListener("click", () => reset("Press Start."));

if (gpu) {
  find("#adapter").textContent =
    `Runs on ${gpu.adapter.description}${gpu.adapter.class === "software" ? ", which is no GPU but the processor" : ""}.`;
  startButton.disabled = false;
  reset("Press Start: with sigmoids and small weights, hardly any gradient reaches the first layers.");
}
