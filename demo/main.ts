/** The page: puts its parts together, and draws at most once per frame. */
import { Address } from "./address.ts";
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
import { reasonOf } from "./missing.ts";
import type { Offer } from "./offer.ts";
import { stayHere } from "./pages.ts";
import { theme } from "./palette.ts";
import type { ReadingPanel } from "./readingPanel.ts";
import { showRun } from "./runBar.ts";
import { keepClearOfBar } from "./stickyBar.ts";
import { StoryPanel } from "./storyPanel.ts";

let waiting = false;
let ahead = false;
const redraw = (): void => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
};

const lab: Lab = new Lab({
  changed: redraw,
  formFaults: (): readonly string[] => form.faults,
  moved: () => {
    writeAddress();
    show();
  },
  files: (opened) => files.show(opened),
  weights: (bytes) => void files.save(bytes),
  state: (state) => void files.saveRun(state),
  read: (probabilities) => reading?.answer(probabilities),
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
const address = new Address((experiment) => lab.check(experiment));
const form = new Form(
  find("#choices"),
  lab.state.choices,
  (choices) => lab.choose(choices),
  () => lab.going,
);
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
  address.write({ ...lab.state, pins: compare.pins }, lab.sized);
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
  const { choices, experiment } = lab.state;
  form.show(choices, experiment === null);
  stories.show(experiment === null ? choices : null);
  find<HTMLElement>("#by-hand").hidden = experiment === null;
  find<HTMLElement>("#aside").hidden = experiment !== null || lab.aside === null;
  editor.show(experiment === null ? JSON.stringify(lab.experiment, null, 2) : spaced(experiment), experiment !== null);
  redraw();
}

function draw(): void {
  showRun(lab, compare.canPin(lab.history));
  announcer.say(lab.saying.kind, lab.saying.text);
  layers.show(lab.history);
  const { history: current, state } = lab;
  const { depth, skips } = current?.choices ?? state.choices;
  // What was recorded has nothing of the inside.
  const recorded = lab.unusable !== "";
  const inside = state.inside && !recorded;
  Object.assign(find<HTMLInputElement>("#look-inside"), { checked: inside, disabled: recorded });
  find<HTMLElement>("#inside").hidden = !inside;
  find<HTMLElement>("#inside-why").hidden = !recorded;
  const count = current?.weights.length || (state.experiment === null ? depth + 1 : 0);
  charts.show({
    current,
    planned: { count, skips: skips !== "none" },
    runs: compare.runs(current),
    theme: theme(),
    layer: layers.layer,
  });
  compare.fill(lab.history);
  if (lab.phase !== "playing") void compare.keep();
  files.draw();
  drawOffer();
  drawReading();
  find<HTMLButtonElement>("#time").disabled = !lab.atRest || compare.runs(lab.history).length < 2;
  const unpinned = lab.history !== null && !compare.has(lab.history);
  find<HTMLButtonElement>("#pin").disabled = !compare.canPin(lab.history);
  find<HTMLElement>("#pin-why").hidden = !unpinned || !compare.full;
  if (!ahead && lab.phase !== "opening" && lab.unusable === "") {
    ahead = true;
    const idle = globalThis.requestIdleCallback ?? ((act: () => void) => setTimeout(act));
    idle(() =>
      import("./ahead.ts").then(
        ({ fetchAhead }) => fetchAhead(() => lab.fetchAhead()),
        () => {},
      ),
    );
  }
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

const pressed = (selector: string, action: () => unknown): void =>
  find(selector).addEventListener("click", async () => {
    try {
      await action();
    } catch (error) {
      lab.complain(reasonOf(error));
    }
  });
pressed("#play", () => lab.play());
pressed("#step", () => lab.step());
pressed("#reset", () => lab.reset());
pressed("#pin", () => compare.pin(lab.history));
pressed("#time", () => {
  const { nets, take } = compare.toTime(lab);
  lab.time(nets, take);
});
pressed("#remedy", () => {
  const remedy = lab.saying.remedy;
  if (!remedy) return;
  compare.pin(lab.history);
  // Before the choice, which the run that is pinned would go on with.
  lab.reset();
  lab.choose({ ...lab.state.choices, ...remedy.changes });
  lab.start();
  // The button goes, and the focus is not to go with it.
  find<HTMLElement>("#play").focus({ preventScroll: true });
});
pressed("#take-up", () => lab.aside !== null && lab.edit(lab.aside));
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
  const { csvOf, download, fileNameOf } = await taking();
  const runs = compare.runs(lab.history).map(({ history }) => history);
  if (lab.history) download(fileNameOf(lab.history, "reports.csv"), new Blob([csvOf(runs)], { type: "text/csv" }));
});
pressed("#png", async () => {
  const { download, fileNameOf, pngOf } = await taking();
  const image = lab.history && (await pngOf(await charts.drawn(), lab.history.name, theme()));
  if (image) download(fileNameOf(lab.history!, "charts.png"), image);
});
pressed("#report", async () => {
  const { saying, history: run } = lab;
  const [{ reportOf }, { download, fileNameOf }] = await Promise.all([import("./reportFile.ts"), taking()]);
  if (run)
    download(
      fileNameOf(run, "report.html"),
      new Blob([reportOf({ run, verdict: saying.text, charts: await charts.drawn(), address: location.href, compared: find("#runs") })], {
        type: "text/html",
      }),
    );
});

find("#loss-powers").addEventListener("change", redraw);
find("#look-inside").addEventListener("change", ({ target }) => lab.lookInside((target as HTMLInputElement).checked));

const help = find<HTMLDialogElement>("#help");
pressed("#show-help", () => help.showModal());
listenToKeys({ play: () => lab.play(), step: () => lab.step(), reset: () => lab.reset(), help: () => help.showModal() });

function openLink(): void {
  const { pins, sized, ...state } = address.read(lab.own !== null);
  compare.open(pins);
  lab.open(state, !sized);
}
addEventListener("hashchange", openLink);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  reading?.repaint();
  redraw();
});
document.addEventListener("visibilitychange", () => document.hidden && lab.keep());
addEventListener("pagehide", () => {
  lab.keep();
  void compare.keep();
});
// The address holds the state, which an anchor would put out.
find(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  find<HTMLElement>("#content").focus();
});
stayHere();
keepClearOfBar();
openLink();
