/**
 * Data sets made on the spot, of any size: points of a few classes that a net has to tell apart.
 *
 * Classes take turns (sample i is of class i mod classes), so that train and test, of which test is the last part, hold every class
 * alike. One seed gives one data set; `noise` is the standard deviation of what is added to every coordinate.
 */
import { checkInteger, checkNumber, checkOptions } from "../core/check.ts";
import { Random } from "../core/random.ts";
import { checkShape } from "../core/shape.ts";
import { checkDataset, type Dataset, type Split } from "./dataset.ts";

export interface GeneratorOptions {
  /** Train and test together; default 1000. */
  readonly samples?: number;
  /** Share of the samples that are for testing; default 0.2, and 0 for no test set. */
  readonly testFraction?: number;
  readonly noise?: number;
  /** Default 0. */
  readonly seed?: number;
}

const COMMON = ["samples", "testFraction", "noise", "seed"];

interface Recipe {
  readonly name: string;
  readonly options: GeneratorOptions;
  readonly classes: number;
  readonly dimensions: number;
  readonly noise: number;
  /** Fills a point, before noise, and says its class. `turn` counts samples. */
  readonly sample: (turn: number, point: number[], random: Random) => number;
}

function generate({ name, options, classes, dimensions, noise, sample }: Recipe): Dataset {
  const what = `data.${name}`;
  const samples = checkInteger(what, "samples", options.samples ?? 1000, 1);
  const testFraction = checkNumber(what, "testFraction", options.testFraction ?? 0.2, { least: 0, below: 1 });
  const sigma = checkNumber(what, "noise", options.noise ?? noise, { least: 0 });
  const random = new Random(options.seed ?? 0, "data");
  checkShape(what, [samples, dimensions]);

  const x = new Float32Array(samples * dimensions);
  const y = new Int32Array(samples);
  const point = new Array<number>(dimensions);
  for (let turn = 0; turn < samples; turn++) {
    y[turn] = sample(turn, point.fill(0), random);
    for (let axis = 0; axis < dimensions; axis++) x[turn * dimensions + axis] = point[axis]! + sigma * random.normal();
  }
  const trained = Math.max(1, samples - Math.round(samples * testFraction));
  const part = (from: number, to: number): Split => ({
    count: to - from,
    x: x.slice(from * dimensions, to * dimensions),
    xScale: 1,
    y: y.slice(from, to),
    yShape: [],
  });
  const test = trained < samples ? part(trained, samples) : null;
  const dataset = { name, sampleShape: [dimensions], classes, train: part(0, trained), test };
  checkDataset(what, dataset);
  return dataset;
}

export interface SpiralsOptions extends GeneratorOptions {
  /** Arms; default 2. */
  readonly classes?: number;
  /** How often an arm goes round; default 1. */
  readonly turns?: number;
}

/** Interleaved spiral arms in the unit disc: radius r uniform in [0, 1), angle 2π·(turns·r + class/classes). Default noise 0.02. */
export function spirals(options: SpiralsOptions = {}): Dataset {
  checkOptions("data.spirals", options, [...COMMON, "classes", "turns"]);
  const classes = checkInteger("data.spirals", "classes", options.classes ?? 2, 2);
  const turns = checkNumber("data.spirals", "turns", options.turns ?? 1, { least: 0 });
  const sample = (turn: number, point: number[], random: Random) => {
    const label = turn % classes;
    const radius = random.uniform();
    placeOnCircle(point, radius, turns * radius + label / classes);
    return label;
  };
  return generate({ name: "spirals", options, classes, dimensions: 2, noise: 0.02, sample });
}

export interface CirclesOptions extends GeneratorOptions {
  /** Default 2. */
  readonly classes?: number;
}

/** Concentric circles: class c has radius (c + 1)/classes. Default noise 0.05. */
export function circles(options: CirclesOptions = {}): Dataset {
  checkOptions("data.circles", options, [...COMMON, "classes"]);
  const classes = checkInteger("data.circles", "classes", options.classes ?? 2, 2);
  const sample = (turn: number, point: number[], random: Random) => {
    const label = turn % classes;
    placeOnCircle(point, (label + 1) / classes, random.uniform());
    return label;
  };
  return generate({ name: "circles", options, classes, dimensions: 2, noise: 0.05, sample });
}

/** The four quadrants of [−1, 1]², opposite ones of one class: class 1 where the signs of x and y differ. Default noise 0. */
export function xor(options: GeneratorOptions = {}): Dataset {
  checkOptions("data.xor", options, COMMON);
  const sample = (turn: number, point: number[], random: Random) => {
    // Classes take turns by x's sign against y's; y's sign changes every second sample.
    const label = turn % 2;
    const upper = turn % 4 < 2;
    point[0] = (upper === (label === 0) ? 1 : -1) * (1 - random.uniform());
    point[1] = (upper ? 1 : -1) * (1 - random.uniform());
    return label;
  };
  return generate({ name: "xor", options, classes: 2, dimensions: 2, noise: 0, sample });
}

export interface ParityOptions extends GeneratorOptions {
  /** Length of a pattern; default 4. */
  readonly bits?: number;
}

/** Random patterns of bits written as −1 and +1; the class is whether the number of +1 is odd. Default noise 0. */
export function parity(options: ParityOptions = {}): Dataset {
  checkOptions("data.parity", options, [...COMMON, "bits"]);
  const bits = checkInteger("data.parity", "bits", options.bits ?? 4, 1, 1024);
  const sample = (turn: number, point: number[], random: Random) => {
    const label = turn % 2;
    let odd = 0;
    for (let bit = 0; bit < bits - 1; bit++) {
      const set = random.integer(2);
      point[bit] = 2 * set - 1;
      odd ^= set;
    }
    // The last bit makes the pattern fit its class; patterns of a class stay equally likely.
    point[bits - 1] = 2 * (odd ^ label) - 1;
    return label;
  };
  return generate({ name: "parity", options, classes: 2, dimensions: bits, noise: 0, sample });
}

export interface GaussianOptions extends GeneratorOptions {
  /** Default 2. */
  readonly classes?: number;
  /** Default 2. */
  readonly dimensions?: number;
}

/** One round cloud per class, centred on the unit circle of the first two axes at angle 2π·class/classes. Default noise 0.3. */
export function gaussian(options: GaussianOptions = {}): Dataset {
  checkOptions("data.gaussian", options, [...COMMON, "classes", "dimensions"]);
  const classes = checkInteger("data.gaussian", "classes", options.classes ?? 2, 2);
  const dimensions = checkInteger("data.gaussian", "dimensions", options.dimensions ?? 2, 2);
  const sample = (turn: number, point: number[]) => {
    const label = turn % classes;
    placeOnCircle(point, 1, label / classes);
    return label;
  };
  return generate({ name: "gaussian", options, classes, dimensions, noise: 0.3, sample });
}

function placeOnCircle(point: number[], radius: number, turn: number): void {
  point[0] = radius * Math.cos(2 * Math.PI * turn);
  point[1] = radius * Math.sin(2 * Math.PI * turn);
}
