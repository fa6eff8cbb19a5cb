/** The charts of the current run and of pinned ones, and the table behind each. */
import { drawBars } from "./bars.ts";
import { type Curve, drawCurves } from "./curves.ts";
import { find } from "./dom.ts";
import { type Decades, decadesOf } from "./frame.ts";
import { HeatMap } from "./heatMap.ts";
import type { History } from "./history.ts";
import type { Theme } from "./palette.ts";
import { drawPlane } from "./plane.ts";
import { fillTable, percent, short } from "./table.ts";

const MOST_ROWS = 20;

export interface Run {
  readonly history: History;
  /** Its colour and dash. */
  readonly colour: number;
}

export class Charts {
  private readonly canvases = {
    loss: find<HTMLCanvasElement>("#loss"),
    accuracy: find<HTMLCanvasElement>("#accuracy"),
    norms: find<HTMLCanvasElement>("#norms"),
    heat: find<HTMLCanvasElement>("#heat"),
    plane: find<HTMLCanvasElement>("#plane"),
  };
  private readonly tables = {
    loss: find<HTMLDetailsElement>("#loss-table"),
    accuracy: find<HTMLDetailsElement>("#accuracy-table"),
    norms: find<HTMLDetailsElement>("#norms-table"),
    heat: find<HTMLDetailsElement>("#heat-table"),
  };
  private readonly heatMap = new HeatMap();
  private of: History | null = null;
  private decades: Decades | null = null;
  private seen = 0;

  constructor(redraw: () => void) {
    for (const table of Object.values(this.tables)) table.addEventListener("toggle", redraw);
    const observer = new ResizeObserver(redraw);
    for (const canvas of Object.values(this.canvases)) observer.observe(canvas);
  }

  get forExport(): readonly HTMLCanvasElement[] {
    const { loss, accuracy, norms, heat } = this.canvases;
    return [loss, accuracy, norms, heat];
  }

  /** `current` is null before a run; `runs` are all that are compared, the current one last. */
  draw(current: History | null, runs: readonly Run[], theme: Theme): void {
    const norms = this.follow(current);
    const decades = this.decades ?? { low: -4, high: 1 };
    const steps = Math.max(1, ...runs.map(({ history }) => history.steps));
    const marks = current?.marks ?? [];
    const chance = current?.classes ? Math.log(current.classes) : 0;
    drawCurves(this.canvases.loss, runs.flatMap(lossCurves), { steps, most: 1.1 * chance || 1, marks }, theme);
    drawCurves(this.canvases.accuracy, runs.flatMap(accuracyCurves), { steps, most: 1, fixed: true, marks }, theme);
    drawBars(this.canvases.norms, norms, decades, theme);
    this.heatMap.draw(this.canvases.heat, current, decades, theme);
    const inPlane = current?.points !== null && current?.points !== undefined;
    find<HTMLElement>("#plane-figure").hidden = !inPlane;
    if (inPlane) drawPlane(this.canvases.plane, current, theme);
    this.fillTables(current, norms);
  }

  /** The latest norms; widens the decades by all that came since. */
  private follow(current: History | null): Float32Array {
    if (current !== this.of) Object.assign(this, { of: current, decades: null, seen: 0 });
    if (!current || current.count === 0) return new Float32Array(0);
    for (; this.seen < current.count; this.seen++) this.decades = decadesOf(current.norms(this.seen), this.decades);
    return current.norms(current.count - 1);
  }

  private fillTables(current: History | null, norms: Float32Array): void {
    const holder = (name: keyof typeof this.tables): Element => this.tables[name].querySelector("section")!;
    const open = (name: keyof typeof this.tables): boolean => this.tables[name].open;
    const rows = current ? someRows(current.count) : [];
    const step = (row: number): string => String(current!.value(row, "step"));
    if (open("loss"))
      fillTable(
        holder("loss"),
        ["step", "loss", "learning rate", "gradient norm", "clip"],
        rows.map((row) => [
          step(row),
          short(current!.value(row, "loss")),
          short(current!.value(row, "learningRate")),
          current!.value(row, "gradientNorm").toExponential(2),
          short(current!.value(row, "clipScale")),
        ]),
      );
    if (open("accuracy"))
      fillTable(
        holder("accuracy"),
        ["step", "train loss", "test loss", "train accuracy", "test accuracy"],
        (current?.evaluations ?? []).map((seen) => [
          String(seen.step),
          short(seen.trainLoss),
          short(seen.testLoss),
          percent(seen.trainAccuracy),
          percent(seen.testAccuracy),
        ]),
      );
    if (open("norms"))
      fillTable(
        holder("norms"),
        ["layer", "weights", "gradient norm"],
        [...norms].map((norm, layer) => [String(layer + 1), current!.weights[layer]!, norm.toExponential(2)]),
      );
    if (open("heat")) {
      const layers = current ? someRows(current.weights.length) : [];
      fillTable(
        holder("heat"),
        ["step", ...layers.map((layer) => `layer ${layer + 1}`)],
        rows.map((row) => [step(row), ...layers.map((layer) => current!.norms(row)[layer]!.toExponential(1))]),
      );
    }
  }
}

/** At most so many of them, evenly, the last always. */
function someRows(count: number): number[] {
  const every = Math.max(1, Math.ceil(count / MOST_ROWS));
  const rows = Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
  return count > 0 && rows.at(-1) !== count - 1 ? [...rows, count - 1] : rows;
}

const lossCurves = ({ history, colour }: Run): Curve[] => [
  {
    run: colour,
    count: history.count,
    x: (row) => history.value(row, "step"),
    y: (row) => history.value(row, "loss"),
    style: "thin",
  },
  {
    run: colour,
    count: history.evaluations.length,
    x: (index) => history.evaluations[index]!.step,
    y: (index) => history.evaluations[index]!.testLoss ?? Number.NaN,
    style: "dots",
  },
];

const accuracyCurves = ({ history, colour }: Run): Curve[] =>
  (["trainAccuracy", "testAccuracy"] as const).map((name) => ({
    run: colour,
    count: history.evaluations.length,
    x: (index) => history.evaluations[index]!.step,
    y: (index) => history.evaluations[index]![name] ?? Number.NaN,
    style: name === "testAccuracy" ? "dots" : "thin",
  }));
