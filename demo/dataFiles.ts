/** The files that an experiment's data set names, which the page has under their last names alone. */
import { FathomError } from "../src/index.ts";

const NAMES_A_FILE = /^(file|trainImages|trainLabels|testImages|testLabels)$/;

export const dataFiles = (dataset: object): string[] =>
  Object.entries(dataset).flatMap(([key, value]) => (NAMES_A_FILE.test(key) && typeof value === "string" ? [value] : []));

export const fileOf = (files: readonly File[], name: string): File | undefined => files.find((one) => one.name === name.split("/").at(-1));

export async function readFrom(files: readonly File[], name: string): Promise<Uint8Array> {
  const file = fileOf(files, name);
  if (!file) throw new FathomError("io", `the experiment trains on the file ${name}, which is not open here; open it under Your files`);
  return new Uint8Array(await file.arrayBuffer());
}
