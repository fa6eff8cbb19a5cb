/** Reads an experiment file for the commands: checked, with the files that it names. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import { FathomError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import { type Experiment, parseExperiment, prepareExperiment } from "../experiment/index.ts";
import { checkModel } from "../train/checkModel.ts";
import { resolveOptions } from "../train/options.ts";
import { checkOutput, checkTargets } from "../train/splitOnGpu.ts";
import { slug } from "./format.ts";

export interface ExperimentFile {
  /** The file's JSON, as it stands there or with the overrides: the page checks it again. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly experiment: Experiment;
  readonly name: string;
  readonly title: string;
  /** Paths of the files that it names, by what it calls them. */
  readonly files: Readonly<Record<string, string>>;
}

/** Keys of a data set that are no file names. */
const NO_FILES = new Set(["type", "order", "target"]);

export async function readExperimentFile(path: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<ExperimentFile> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new FathomError("argument", `${path}: cannot be read (${(cause as Error).message})`, { cause });
  });
  // First the file itself, so that errors speak of what stands there.
  parseExperiment(text, path);
  const json = { ...(JSON.parse(text) as Record<string, unknown>), ...overrides };
  const experiment = parseExperiment(json, path);
  const files = Object.fromEntries(
    Object.entries(experiment.dataset)
      .filter(([key, value]) => !NO_FILES.has(key) && typeof value === "string")
      .map(([, value]) => [value as string, resolve(dirname(path), value as string)]),
  );
  for (const [name, file] of Object.entries(files)) {
    if (!existsSync(file))
      throw new FathomError("experiment", `${path}: the data set names ${JSON.stringify(name)}, and there is no file ${file}`);
  }
  await checkFit(experiment, files, path);
  const plain = basename(path, extname(path));
  return { json, experiment, name: slug(plain), title: experiment.name ?? plain, files };
}

/** Whether data, model and loss go together, which would otherwise be found in the browser. */
async function checkFit(experiment: Experiment, files: Readonly<Record<string, string>>, path: string): Promise<void> {
  try {
    const { dataset, options } = await prepareExperiment(experiment, (name) => readFile(files[name]!));
    const { model, loss, batchSize } = options;
    checkTargets(loss, dataset.train);
    const { auxiliaries } = checkModel(resolveOptions(options)).collected;
    const checkWidth = (width: number | null, what?: string): void => {
      if (width !== null) checkOutput(loss, { shape: [batchSize, width], dtype: "f32" }, dataset.train, what);
    };
    checkWidth(model.gives(sizeOf(dataset.sampleShape)));
    for (const { name, module } of auxiliaries)
      checkWidth(
        module.children.reduce<number | null>((width, child) => child.module.gives(width), null),
        `the auxiliary head "${name}"`,
      );
  } catch (error) {
    if (!(error instanceof FathomError) || error.code === "internal") throw error;
    throw new FathomError("experiment", `${path}: ${error.message}`, { cause: error, details: { ...error.details } });
  }
}
