/** The experiment's data: embedded, generated, or read from the files that it names. */
import { FathomError } from "../core/errors.ts";
import { type Dataset, flattenSamples } from "../data/dataset.ts";
import { type CsvOptions, csv, digits, idx } from "../data/index.ts";
import type { DatasetSpec, Experiment } from "./schema/index.ts";

/** Reads a file that the experiment names; the path is relative to the experiment file. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

const noFiles: ReadFile = (path) =>
  Promise.reject(
    new FathomError(
      "experiment",
      `the data set is the file ${JSON.stringify(path)}, and no way to read files was given; pass a function: async (path) => bytes`,
    ),
  );

/** The experiment's data, samples flattened to vectors. */
export async function loadDataset({ dataset }: Experiment, read: ReadFile = noFiles): Promise<Dataset> {
  return flattenSamples(await datasetOf(dataset, read));
}

function datasetOf(spec: DatasetSpec, read: ReadFile): Promise<Dataset> | Dataset {
  const { order: _order, ...rest } = spec;
  const options = defined(rest);
  switch (options.type) {
    case "digits":
      return digits();
    case "safetensors":
      return fromSafetensors(options.file, read);
    case "idx":
      return fromIdx(options, read);
    case "csv":
      return fromCsv(options, read);
    case "spirals":
      return generators().then(({ spirals }) => spirals(untyped(options)));
    case "circles":
      return generators().then(({ circles }) => circles(untyped(options)));
    case "xor":
      return generators().then(({ xor }) => xor(untyped(options)));
    case "parity":
      return generators().then(({ parity }) => parity(untyped(options)));
    case "gaussian":
      return generators().then(({ gaussian }) => gaussian(untyped(options)));
  }
}

/** Their code comes with the first such data. */
const generators = (): Promise<typeof import("../data/generators.ts")> => import("../data/generators.ts");

/** Its code comes with the first such file. */
async function fromSafetensors(file: string, read: ReadFile): Promise<Dataset> {
  const bytes = await read(file);
  const [{ decodeSafetensors }, { datasetFromTensors }] = await Promise.all([
    import("../io/safetensors.ts"),
    import("./safetensorsData.ts"),
  ]);
  return datasetFromTensors(decodeSafetensors(bytes, file), file);
}

interface IdxPaths {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages?: string;
  readonly testLabels?: string;
  readonly classes?: number;
  readonly scale?: number;
}

async function fromIdx({ trainImages, trainLabels, testImages, testLabels, classes, scale }: IdxPaths, read: ReadFile): Promise<Dataset> {
  const load = async (path: string | undefined): Promise<Uint8Array | undefined> => (path === undefined ? undefined : read(path));
  const [images, labels, images2, labels2] = await Promise.all([read(trainImages), read(trainLabels), load(testImages), load(testLabels)]);
  const sources = defined({ trainImages: images, trainLabels: labels, testImages: images2, testLabels: labels2 });
  return idx(sources, defined({ classes, scale }));
}

type CsvSpec = CsvOptions & { readonly type: "csv"; readonly file: string };

/** A File, so that errors name it. */
async function fromCsv({ file, ...options }: CsvSpec, read: ReadFile): Promise<Dataset> {
  return csv(new File([(await read(file)) as Uint8Array<ArrayBuffer>], file), { ...untyped(options), name: file });
}

/** An absent key for one whose value is undefined. */
type Defined<T> = T extends unknown ? { [K in keyof T]: Exclude<T[K], undefined> } : never;

function defined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function untyped<T extends { readonly type: string }>({ type: _type, ...options }: T): Omit<T, "type"> {
  return options;
}
