/** The experiments that ship with Fathom: each is valid and has a model that can be built, and each stands in docs/references.md. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, it } from "vitest";
import { parseExperiment, prepareExperiment } from "../../src/experiment/index.ts";
import { collect } from "../../src/nn/collect.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = join(root, "demo/experiments");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));

it.each(files)("%s is an experiment", async (name) => {
  const path = join(folder, name);
  const experiment = parseExperiment(readFileSync(path, "utf8"), name);
  const read = async (file: string): Promise<Uint8Array> => new Uint8Array(readFileSync(resolve(dirname(path), file)));
  const { options } = await prepareExperiment(experiment, read);
  expect(collect(options.model).parameters.length).toBeGreaterThan(0);
});

it("have titles of their own", () => {
  const titles = files.map((name) => (JSON.parse(readFileSync(join(folder, name), "utf8")) as { name: string }).name);
  expect(new Set(titles).size).toBe(files.length);
});

it("stand in docs/references.md, all of them, and nothing else does", () => {
  const docs = join(root, "docs");
  const text = readFileSync(join(docs, "references.md"), "utf8");
  const linked = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => resolve(docs, link!));
  for (const path of linked) expect(existsSync(path), path).toBe(true);
  const experiments = linked.filter((path) => path.endsWith(".json")).map((path) => relative(folder, path));
  expect([...new Set(experiments)].sort()).toEqual([...files].sort());
});
