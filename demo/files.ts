/** What files that were dropped on the page or chosen are: an experiment, data, weights, or the folder of a run. In the worker, loaded when asked for. */
import { data, FathomError, loadDataset, parseExperiment } from "../src/index.ts";
import { dataFiles, fileOf } from "./dataFiles.ts";
import { COLUMNS, type Opened, type OpenedFiles } from "./messages.ts";
import { safetensorsHead } from "./safetensorsHead.ts";
import { unzip } from "./zip.ts";

const MOST_BYTES = 256 * 2 ** 20;
const MOST_FILES = 12;
const METRICS = "metrics.jsonl";
const RUN = "fathom-run-checkpoint/1";
const EXPERIMENT = "fathom-experiment/1";

const refuse = (why: string): FathomError => new FathomError("file-format", why);

interface JsonFile {
  readonly file: File;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

const ZIP = /\.zip$/i;

export async function openFiles(given: readonly File[]): Promise<OpenedFiles> {
  check(given);
  const files = (await Promise.all(given.map(unpacked))).flat();
  if (files.length > given.length) check(files);
  return { ...(await openUnpacked(files)), files };
}

/** What a ZIP holds; any other file as it is. */
const unpacked = async (file: File): Promise<File[]> =>
  ZIP.test(file.name) ? unzip(new Uint8Array(await file.arrayBuffer()), file.name, MOST_BYTES) : [file];

function check(files: readonly File[]): void {
  if (files.length > MOST_FILES) throw refuse(`${files.length} files came together; open at most ${MOST_FILES}`);
  for (const { name, size } of files) {
    if (size > MOST_BYTES) throw refuse(`${name} has ${size} bytes; the lab takes files of at most ${MOST_BYTES}`);
    if (size === 0 && name !== METRICS) throw refuse(`${name} is empty`);
  }
}

async function openUnpacked(files: readonly File[]): Promise<Opened> {
  const jsons = await Promise.all(files.filter(({ name }) => /\.json$/i.test(name)).map(readJson));
  const manifest = jsons.find(({ json }) => json["format"] === RUN);
  if (manifest) return openRun(manifest, jsons, files);
  const images = files.filter(isIdx);
  if (images.length > 0) return openIdx(images);
  const [file] = files;
  if (!file) throw refuse("no file came");
  if (files.length > 1)
    throw refuse(
      `${files.map(({ name }) => name).join(", ")} do not go together; open one file, the two or four files of an IDX set, or checkpoint.json with the files beside it`,
    );
  if (/\.json$/i.test(file.name)) return openExperiment(jsons[0]!);
  if (/\.safetensors$/i.test(file.name)) return openTensors(file);
  if (/\.(csv|tsv|txt|csv\.gz|tsv\.gz)$/i.test(file.name)) return openTable(file);
  throw refuse(
    `${file.name} is none of the files that the lab knows: .csv, .tsv (tables), IDX files such as train-images-idx3-ubyte.gz, .json (experiments), .safetensors (weights, or data named x and y), .zip (a run that was saved here)`,
  );
}

const isIdx = ({ name }: File): boolean => /idx[13]-ubyte|\.idx[13]?(\.gz)?$|-ubyte(\.gz)?$/i.test(name);

async function readJson(file: File): Promise<JsonFile> {
  const text = await file.text();
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return { file, text, json: json as JsonFile["json"] };
  } catch (error) {
    throw refuse(`${file.name} is not JSON: ${(error as Error).message}`);
  }
  throw refuse(`${file.name} holds no object; an experiment file is described in docs/experiment.md`);
}

function openExperiment({ file, text, json }: JsonFile): Opened {
  if (json["format"] !== EXPERIMENT)
    throw refuse(`${file.name} has the format ${JSON.stringify(json["format"] ?? null).slice(0, 60)}; an experiment's is "${EXPERIMENT}"`);
  parseExperiment(json, file.name);
  return { kind: "experiment", name: file.name, text };
}

async function openTable(file: File): Promise<Opened> {
  const table = await data.csv(file);
  const { classNames, columns, train, test } = table;
  const learnt = columns.at(-1)!;
  return {
    kind: "data",
    spec: { type: "csv", file: file.name },
    outputs: classNames?.length ?? 1,
    numbers: classNames === null,
    text: `${file.name}: ${train.count} samples to train and ${test?.count ?? 0} to test, ${columns.length - 1} features; ${
      classNames ? `${classNames.length} classes (${learnt})` : `numbers to be learnt (${learnt})`
    }`,
  };
}

/** By their names: train or t10k, images or labels. */
async function openIdx(files: readonly File[]): Promise<Opened> {
  const find = (part: RegExp, kind: RegExp): File | undefined => files.find(({ name }) => part.test(name) && kind.test(name));
  const [TEST, TRAIN, IMAGES, LABELS] = [/t10k|test/i, /^(?!.*(t10k|test))/i, /images|idx3/i, /labels|idx1/i];
  const [trainImages, trainLabels, testImages, testLabels] = [
    find(TRAIN, IMAGES),
    find(TRAIN, LABELS),
    find(TEST, IMAGES),
    find(TEST, LABELS),
  ];
  if (!trainImages || !trainLabels)
    throw refuse(
      `${files.map(({ name }) => name).join(", ")}: an IDX set is opened with its images and its labels together, such as train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz; ${trainImages ? "the labels" : "the images"} for training are not among them`,
    );
  const sources = { trainImages, trainLabels, ...(testImages && testLabels ? { testImages, testLabels } : {}) };
  // As many as there may be, and then as many as there are.
  const { train, test } = await data.idx(sources, { classes: 256 });
  const classes = 1 + [...train.y, ...(test?.y ?? [])].reduce((most, label) => Math.max(most, label), 1);
  const names = Object.fromEntries(Object.entries(sources).map(([key, { name }]) => [key, name]));
  return {
    kind: "data",
    spec: { type: "idx", ...names, classes },
    outputs: classes,
    numbers: false,
    text: `${trainImages.name}: ${train.count} pictures to train and ${test?.count ?? 0} to test, ${train.x.length / train.count} pixels, ${classes} classes`,
  };
}

async function openTensors(file: File): Promise<Opened> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { names, format, shapes } = safetensorsHead(bytes, file.name);
  if (format?.startsWith("fathom-checkpoint/"))
    throw refuse(`${file.name} is the state of a run; open it together with the checkpoint.json that lies beside it`);
  if (!names.includes("x") || !names.includes("y")) return { kind: "weights", name: file.name, bytes };
  const experiment = parseExperiment({ ...TINY, dataset: { type: "safetensors", file: file.name } });
  const { train, classes } = await loadDataset(experiment, async () => bytes);
  const outputs = classes ?? train.yShape.reduce((size, axis) => size * axis, 1);
  return {
    kind: "data",
    spec: { type: "safetensors", file: file.name },
    outputs,
    numbers: classes === null,
    text: `${file.name}: ${train.count} samples to train, x [${shapes["x"]}], ${classes === null ? "numbers to be learnt" : `${classes} classes`}`,
  };
}

const TINY = {
  format: EXPERIMENT,
  seed: 0,
  batchSize: 2,
  steps: 1,
  model: [{ type: "linear", units: 1 }],
  loss: "meanSquaredError",
  optimizer: "sgd",
  schedule: { type: "constant", initial: 0 },
};

/** A run of the command line: checkpoint.json, the state that it names, and where they are there metrics.jsonl, the experiment and its data. */
async function openRun({ file, json }: JsonFile, jsons: readonly JsonFile[], files: readonly File[]): Promise<Opened> {
  const { step, file: stateName, experiment, metricsBytes, steps: planned, name: called } = json as Record<string, unknown>;
  if (typeof step !== "number" || typeof stateName !== "string" || typeof experiment !== "object" || experiment === null)
    throw refuse(`${file.name} lacks step, file or experiment; it was not written by fathom train`);
  const state = fileOf(files, stateName);
  if (!state) throw refuse(`${file.name} names ${stateName}, which is not among the files; open both together`);
  const { dataset, monitor } = experiment as { dataset?: object; monitor?: { every?: number } };
  for (const name of dataFiles(dataset ?? {}))
    if (!fileOf(files, name)) throw refuse(`the run trains on ${name}, which is not among the files; open it together with the others`);
  // A file of the experiment may ask for more steps, as it may on the command line; so may one that has none of them left.
  const own: JsonFile["json"] = jsons.find(({ json: other }) => other["format"] === EXPERIMENT)?.json ?? {};
  const name = own["name"] ?? called;
  const steps = Number(own["steps"] ?? planned ?? 0);
  const given = { ...(name === undefined ? {} : { name }), ...experiment, steps: steps > step ? steps : 2 * step };
  parseExperiment(given, file.name);
  const metrics = fileOf(files, METRICS);
  // Further lines are of steps after the checkpoint, and the last of them may be cut off.
  const lines = await metrics?.slice(0, typeof metricsBytes === "number" ? metricsBytes : metrics.size).text();
  const rows = rowsOf(lines ?? "", step, monitor?.every ?? 1);
  return {
    kind: "run",
    text: `${stateName}: the run of ${file.name}, after ${step} of ${given.steps} steps`,
    experiment: JSON.stringify({ format: EXPERIMENT, ...given }, null, 2),
    name: stateName,
    checkpoint: new Uint8Array(await state.arrayBuffer()),
    rows,
  };
}

/** Lines of metrics until the checkpoint's step; the norms by name, for the weights are known once the net is built. */
function rowsOf(text: string, step: number, every: number): (Opened & { kind: "run" })["rows"] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, index) => {
      try {
        const report = JSON.parse(line) as Record<string, unknown> & { layers: { name: string; gradientNorm: number | string }[] };
        const numbers = COLUMNS.map((column) => Number(report[column]));
        return {
          step: Number(report["step"]),
          numbers,
          norms: Object.fromEntries(report.layers.map((one) => [one.name, Number(one.gradientNorm)])),
        };
      } catch {
        throw refuse(`metrics.jsonl: line ${index + 1} is no report`);
      }
    })
    .filter((row) => row.step < step && row.step % every === 0);
}
