/** Each chart: how it is drawn, the numbers that its table has, and when there is none. */
import { drawBars } from "./bars.ts";
import type { Run, Scene } from "./charts.ts";
import { accuracyCurves, type Curve, layerCurves, layersShown, lossCurves, lossDecades, lossTop, positive } from "./curveData.ts";
import { find } from "./dom.ts";
import { type Decades, HINT, hint } from "./frame.ts";
import { HeatMap, type Rows } from "./heatMap.ts";
import { type History, NORM_DECADES } from "./history.ts";
import { BINS, FIRST_POWER, RATIO_DECADES } from "./inside.ts";
import { drawNet } from "./netPicture.ts";
import { DASHES, type Theme, viridis } from "./palette.ts";
import type { Plot, PlotCurve, PlotOptions } from "./plots.ts";
import { powerScale, type Scale, SHARES } from "./scale.ts";
import { clippedName, percent, short } from "./table.ts";

export interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface View {
  /** The id of its element; its table's has "-table" after it. */
  readonly name: string;
  readonly draw: (scene: Scene) => void;
  readonly table?: (scene: Scene) => Table;
  readonly hidden?: (scene: Scene) => boolean;
}

const MOST_ROWS = 20;
const NOTHING: readonly number[] = [];

const canvas = (name: string): HTMLCanvasElement => find<HTMLCanvasElement>(`#${name}`);
const normsOf = (current: History | null): ArrayLike<number> => (current && current.count > 0 ? current.norms(current.count - 1) : NOTHING);
const decadesOf = (current: History | null): Decades => current?.normDecades ?? NORM_DECADES;

/** At most so many of them, evenly, the last always. */
function someRows(count: number): number[] {
  const every = Math.max(1, Math.ceil(count / MOST_ROWS));
  const rows = Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
  return count > 0 && rows.at(-1) !== count - 1 ? [...rows, count - 1] : rows;
}

const power = (value: number): string => value.toExponential(1);

/** A heat map of what `rowsOf` finds in a run. */
function heat(name: string, rowsOf: (history: History) => Rows, scale: (scene: Scene) => Scale, text: (value: number) => string): View {
  const map = new HeatMap();
  return {
    name,
    draw: (scene) => {
      map.draw(canvas(name), scene.current, scene.current && rowsOf(scene.current), scale(scene), scene.theme);
      if (!scene.current) hint(canvas(name), scene.theme);
    },
    table: ({ current }) => {
      const rows = current && rowsOf(current);
      const layers = rows && rows.count > 0 ? someRows(rows.layers) : [];
      return {
        heads: ["step", ...layers.map((layer) => `layer ${layer + 1}`)],
        rows: rows
          ? someRows(rows.count).map((row) => [String(rows.step(row)), ...layers.map((layer) => text(rows.values(row)[layer]!))])
          : [],
      };
    },
  };
}

/** Code that is on its way. */
const coming = new Set<Promise<unknown>>();

/** Until all that was wanted has been drawn. */
export const drawnAll = async (): Promise<void> => {
  while (coming.size > 0) await Promise.all(coming);
};

function follow(wanted: Promise<unknown>): void {
  const one = wanted.catch(() => {}).finally(() => coming.delete(one));
  coming.add(one);
}

/** A drawing that not every visitor sees: its code comes when it is first wanted. */
function later<A extends readonly unknown[]>(load: () => Promise<(...given: A) => void>): (...given: A) => void {
  let asked = false;
  let draw: ((...given: A) => void) | null = null;
  let latest: A;
  return (...given) => {
    latest = given;
    if (draw) draw(...given);
    else if (!asked) {
      asked = true;
      follow(
        load().then(
          (loaded) => {
            draw = loaded;
            loaded(...latest);
          },
          () => {
            asked = false;
          },
        ),
      );
    }
  };
}

const drawHistogram = later(async () => (await import("./histogram.ts")).drawHistogram);
const drawPlane = later(async () => (await import("./plane.ts")).drawPlane);

let plots: Promise<typeof import("./plots.ts")> | null = null;

/** A plot of curves; the library that draws them comes when the first is wanted. */
function plot(name: string, describe: (scene: Scene) => { readonly curves: PlotCurve[]; readonly options: PlotOptions }): View["draw"] {
  let made: Plot | null = null;
  let latest: Scene | null = null;
  const draw = (): void => {
    const { curves, options } = describe(latest!);
    made!.draw(curves, { ...options, hint: latest!.current || curves.length > 0 ? "" : HINT }, latest!.theme);
  };
  return (scene) => {
    const first = latest === null;
    latest = scene;
    if (made) draw();
    else if (first) {
      plots ??= import("./plots.ts");
      follow(
        plots.then(({ Plot }) => {
          made = new Plot(find(`#${name}`), find(`#${name}-reading`));
          draw();
        }),
      );
    }
  };
}

const steps = (runs: readonly Run[]): number => Math.max(1, ...runs.map(({ history }) => history.span));

/** A line for what is measured at each step or in training, dots for the test. */
const pairOf =
  (curves: (history: History) => readonly [Curve, Curve], labels: readonly [string, string], { runs: colours }: Theme) =>
  ({ history, colour }: Run): PlotCurve[] =>
    curves(history).map((curve, index) => ({
      curve,
      label: `${clippedName(history.name)} (${labels[index]})`,
      colour: colours[colour]!,
      dash: DASHES[colour]!,
      width: index === 0 ? 1.4 : 2.2,
      dots: index === 1,
    }));

/** One run is what the buttons above tell of. */
const legend = (runs: readonly Run[]) => (runs.length > 1 ? runs.map(({ history: { name }, colour }) => ({ name, colour })) : []);

const LOSS: View = {
  name: "loss",
  draw: plot("loss", ({ runs, current, theme }) => {
    // Where one leap would press all else to the floor.
    const inPowers = find<HTMLInputElement>("#loss-powers").checked;
    const found = inPowers ? (history: History) => lossCurves(history).map(positive) as [Curve, Curve] : lossCurves;
    const curves = runs.flatMap(pairOf(found, ["batch", "test"], theme));
    return {
      curves,
      options: {
        steps: steps(runs),
        ...(inPowers
          ? { decades: lossDecades(curves.map(({ curve }) => curve)) }
          : {
              top: lossTop(
                runs.map(({ history }) => lossCurves(history)),
                current?.classes ? Math.log(current.classes) : 1,
              ),
            }),
        marks: current?.marks ?? [],
        legend: legend(runs),
      },
    };
  }),
  table: ({ current }) => ({
    heads: ["step", "loss", "learning rate", "gradient norm", "clip"],
    rows: someRows(current?.count ?? 0).map((row) => [
      String(current!.value(row, "step")),
      short(current!.value(row, "loss")),
      short(current!.value(row, "learningRate")),
      current!.value(row, "gradientNorm").toExponential(2),
      short(current!.value(row, "clipScale")),
    ]),
  }),
};

const ACCURACY: View = {
  name: "accuracy",
  draw: plot("accuracy", ({ runs, current, theme }) => ({
    curves: runs.flatMap(pairOf(accuracyCurves, ["training", "test"], theme)),
    options: { steps: steps(runs), top: 1, marks: current?.marks ?? [], legend: legend(runs) },
  })),
  // Numbers that are to be learnt are never right or wrong.
  hidden: ({ runs }) => runs.length > 0 && runs.every(({ history }) => history.parameters > 0 && history.classes === null),
  table: ({ current }) => ({
    heads: ["step", "train loss", "test loss", "train accuracy", "test accuracy"],
    rows: someRows(current?.evaluations.length ?? 0).map((row) => {
      const { step, trainLoss, testLoss, trainAccuracy, testAccuracy } = current!.evaluations[row]!;
      return [String(step), short(trainLoss), short(testLoss), percent(trainAccuracy), percent(testAccuracy)];
    }),
  }),
};

const gradientRows = (history: History): Rows => ({
  steps: history.span,
  layers: history.weights.length,
  count: history.count,
  step: (row) => history.value(row, "step"),
  values: (row) => history.norms(row),
});

const HEAT = heat("heat", gradientRows, ({ current }) => powerScale(decadesOf(current)), power);

const LAYERS: View = {
  name: "layers",
  draw: plot("layers", ({ current, layer: chosen, theme }) => {
    const layers = layersShown(current?.weights.length ?? 0);
    const all = layers.includes(chosen) || !current?.weights[chosen] ? layers : [...layers, chosen];
    const curves = current ? layerCurves(current, all) : [];
    return {
      curves: curves.map((curve, index): PlotCurve => {
        const layer = all[index]!;
        const share = layer / Math.max(1, (current?.weights.length ?? 1) - 1);
        return {
          curve,
          label: `layer ${layer + 1}`,
          colour: layer === chosen ? theme.ink : `rgb(${viridis(share).join(" ")})`,
          dash: [],
          width: layer === chosen ? 2.5 : 1,
          dots: false,
        };
      }),
      options: { steps: current?.span ?? 1, decades: decadesOf(current), marks: current?.marks ?? [] },
    };
  }),
  table: (scene) => HEAT.table!(scene),
};

const NORMS: View = {
  name: "norms",
  draw: ({ current, theme }) => {
    drawBars(canvas("norms"), normsOf(current), decadesOf(current), theme);
    if (!current) hint(canvas("norms"), theme);
  },
  table: ({ current }) => ({
    heads: ["layer", "weights", "gradient norm"],
    rows: Array.from(normsOf(current), (norm, layer) => [String(layer + 1), current!.weights[layer]!, norm.toExponential(2)]),
  }),
};

const NET: View = {
  name: "net",
  draw: ({ current, planned, layer, theme }) =>
    drawNet(canvas("net"), { norms: normsOf(current), ...planned, chosen: layer }, powerScale(decadesOf(current)), theme),
};

const RATIO = heat(
  "ratio",
  ({ inside, span: steps, weights }) => ({
    steps,
    layers: weights.length,
    count: inside.count,
    step: (row) => inside.step(row),
    values: (row) => inside.ratios(row),
  }),
  ({ current }) => powerScale(current?.inside.ratioDecades ?? RATIO_DECADES),
  power,
);

const SATURATION = heat(
  "saturation",
  ({ inside, span: steps }) => ({
    steps,
    layers: inside.activations.length,
    count: inside.count,
    step: (row) => inside.step(row),
    values: (row) => inside.saturated(row),
  }),
  () => SHARES,
  percent,
);

const HISTOGRAM: View = {
  name: "histogram",
  draw: ({ current, layer, theme }) => drawHistogram(canvas("histogram"), current?.inside.histogram(layer) ?? null, theme),
  table: ({ current, layer }) => {
    const counts = current?.inside.histogram(layer);
    const used = counts ? Array.from({ length: BINS }, (_, bin) => bin).filter((bin) => counts[bin]! > 0) : [];
    return {
      heads: ["size from", "elements"],
      rows: used.map((bin) => [bin === 0 ? "0, exactly" : `2^${bin + FIRST_POWER}`, String(counts![bin])]),
    };
  },
};

const PLANE: View = {
  name: "plane",
  hidden: ({ current }) => !current?.points,
  draw: ({ current, theme }) => {
    if (!current?.points) return;
    find<HTMLElement>("#plane-patterns").hidden = !current.points.patterns;
    drawPlane(canvas("plane"), current, theme);
  },
};

export const VIEWS: readonly View[] = [NET, NORMS, HEAT, LAYERS, LOSS, ACCURACY, PLANE, RATIO, SATURATION, HISTOGRAM];
