/** The page: puts its parts together, and draws at most once per frame. */
import { Announcer } from "./announcer.ts";
import { Charts } from "./charts.ts";
import { Compare } from "./compare.ts";
import { find } from "./dom.ts";
import { Editor } from "./editor.ts";
import { FilePanel } from "./filePanel.ts";
import { Form } from "./form.ts";
import { listenToKeys } from "./keys.ts";
import { Lab } from "./lab.ts";
import { LayerPicker } from "./layerPicker.ts";
import { lighter } from "./lighter.ts";
import { readLink, writeLink } from "./link.ts";
import type { Offer } from "./offer.ts";
import { carryState } from "./pages.ts";
import { theme } from "./palette.ts";
import type { ReadingPanel } from "./readingPanel.ts";
import { showRun } from "./runBar.ts";
import { StoryPanel } from "./storyPanel.ts";

let waiting = false;
const redraw = (): void => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
};

const lab = new Lab({
  changed: redraw,
  checked: (faults) => editor.showFaults(faults),
  moved: () => {
    writeAddress();
    show();
  },
  files: (opened) => files.show(opened),
  weights: (bytes) => void files.save(bytes),
  state: (state) => void files.saveRun(state),
  read: (probabilities) => reading?.pad.show(probabilities),
});
const files = new FilePanel(() => lab);
let offer: Offer | null = null;
let offering = false;

/** Its code comes when a run was left. */
function drawOffer(): void {
  offer?.draw(lab);
  if (offering || lab.kept.length === 0) return;
  offering = true;
  void import("./offer.ts").then(({ Offer }) => {
    offer = new Offer();
    offer.draw(lab);
  });
}
const form = new Form(find("#choices"), lab.state.choices, (choices) => lab.choose(choices));
const editor = new Editor({ check: (text) => lab.check(text), use: (text) => lab.edit(text) });
const stories = new StoryPanel(({ choices }) => {
  lab.choose(lab.light ? lighter(choices) : choices);
  // A change that a run may go on with is still another stage of the story.
  lab.reset();
  lab.start();
});
const charts = new Charts();
const announcer = new Announcer();
const layers = new LayerPicker(redraw);
const compare = new Compare({
  changed: () => {
    writeAddress();
    redraw();
  },
  train: ({ choices, experiment }) => {
    lab.open({ ...lab.state, choices, experiment });
    lab.reset();
    lab.start();
  },
});

function writeAddress(): void {
  history.replaceState(null, "", writeLink({ ...lab.state, pins: compare.pins }));
  carryState(location.hash);
}

/** A link has it without its spaces. */
function spaced(json: string): string {
  try {
    return json.includes("\n") ? json : JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** The state, in the form, the story and the editor. */
function show(): void {
  const { choices, experiment, inside } = lab.state;
  find<HTMLInputElement>("#look-inside").checked = inside;
  find<HTMLElement>("#inside").hidden = !inside;
  form.show(choices);
  stories.show(choices);
  find<HTMLElement>("#by-hand").hidden = experiment === null;
  editor.show(experiment === null ? JSON.stringify(lab.experiment, null, 2) : spaced(experiment), experiment !== null);
  redraw();
}

function draw(): void {
  showRun(lab);
  announcer.say(lab.saying.kind, lab.saying.text);
  layers.show(lab.history);
  const { history: current, state } = lab;
  const { depth, skips } = current?.choices ?? state.choices;
  const count = current?.weights.length || (state.experiment === null ? depth + 1 : 0);
  charts.show({
    current,
    planned: { count, skips: skips !== "none" },
    runs: compare.runs(current),
    theme: theme(),
    layer: layers.layer,
  });
  compare.fill(lab.history);
  files.draw();
  drawOffer();
  drawReading();
  find<HTMLButtonElement>("#time").disabled = !lab.atRest || compare.runs(lab.history).length < 2;
  find<HTMLButtonElement>("#pin").disabled = !lab.history || compare.has(lab.history) || compare.full;
  for (const button of document.querySelectorAll<HTMLButtonElement>("#csv, #png, #report")) button.disabled = !lab.history;
}

let reading: ReadingPanel | null = null;
let fetched = false;

/** Its code comes when there is something to show. */
function drawReading(): void {
  reading?.draw(lab.history);
  if (fetched || !lab.history?.readings) return;
  fetched = true;
  void import("./readingPanel.ts").then(({ ReadingPanel }) => {
    reading = new ReadingPanel((pixels) => lab.read(pixels));
    reading.draw(lab.history);
  });
}

const pressed = (selector: string, action: () => void): void => find(selector).addEventListener("click", action);
pressed("#play", () => lab.play());
pressed("#step", () => lab.step());
pressed("#reset", () => lab.reset());
pressed("#pin", () => lab.history && compare.pin(lab.history));
pressed("#time", () => {
  const { experiments, take } = compare.toTime;
  lab.time(experiments, take);
});
pressed("#remedy", () => {
  const remedy = lab.saying.remedy;
  if (!remedy) return;
  lab.choose({ ...lab.state.choices, ...remedy.changes });
  lab.reset();
  lab.start();
});
pressed("#drop-experiment", () => lab.open({ ...lab.state, experiment: null }));
/** Code that only what is taken away needs. */
const taking = (): Promise<typeof import("./exports.ts")> => import("./exports.ts");
pressed("#json", async () => {
  const { experiment } = lab;
  const { download } = await taking();
  const text = typeof experiment === "string" ? experiment : JSON.stringify(experiment, null, 2);
  download("experiment.json", new Blob([text], { type: "application/json" }));
});
pressed("#csv", async () => {
  const { csvOf, download } = await taking();
  if (lab.history) download("reports.csv", new Blob([csvOf(lab.history)], { type: "text/csv" }));
});
pressed("#png", async () => {
  const { download, pngOf } = await taking();
  const image = lab.history && (await pngOf(charts.drawn(), lab.history.name, theme()));
  if (image) download("charts.png", image);
});
pressed("#report", async () => {
  const { saying, history: run } = lab;
  const [{ reportOf }, { download }] = await Promise.all([import("./reportFile.ts"), taking()]);
  if (run)
    download(
      "report.html",
      new Blob([reportOf({ run, verdict: saying.text, charts: charts.drawn(), address: location.href, compared: find("#runs") })], {
        type: "text/html",
      }),
    );
});

find("#look-inside").addEventListener("change", ({ target }) => lab.lookInside((target as HTMLInputElement).checked));

const help = find<HTMLDialogElement>("#help");
pressed("#show-help", () => help.showModal());
listenToKeys({ play: () => lab.play(), step: () => lab.step(), reset: () => lab.reset(), help: () => help.showModal() });

function showFaults(faults: readonly string[]): void {
  const holder = find<HTMLElement>("#link-faults");
  holder.hidden = faults.length === 0;
  holder.textContent = faults.length > 0 ? `The link was not taken whole: ${faults.join("; ")}.` : "";
}

function openLink(): void {
  const { faults, pins, ...state } = readLink(location.hash);
  compare.open(pins);
  lab.open(state);
  showFaults(faults);
}
addEventListener("hashchange", openLink);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  reading?.repaint();
  redraw();
});
document.addEventListener("visibilitychange", () => document.hidden && lab.keep());
addEventListener("pagehide", () => lab.keep());
// The address holds the state, which an anchor would put out.
find(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  find<HTMLElement>("#content").focus();
});
openLink();
