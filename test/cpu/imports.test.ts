/** The rules for import directions refuse what they should: each is shown a small tree that breaks it. The tree itself is checked by `npm run check`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type IConfiguration, type ICruiseOptions, type ICruiseResult } from "dependency-cruiser";
import { afterAll, beforeAll, expect, test } from "vitest";

const config = createRequire(import.meta.url)("../../.dependency-cruiser.cjs") as IConfiguration;

/** Importing file, imported file, whether types only, and the rules that must speak up. */
type Case = readonly [from: string, to: string, kind: "value" | "type", rules: readonly string[]];

const CASES: readonly Case[] = [
  // Along the arrows.
  ["src/graph/a.ts", "src/core/shape.ts", "value", []],
  ["src/ops/a.ts", "src/graph/node.ts", "value", []],
  ["src/autodiff/a.ts", "src/ops/define.ts", "value", []],
  ["src/plan/a.ts", "src/ops/define.ts", "value", []],
  ["src/gpu/a.ts", "src/plan/types.ts", "type", []],
  ["src/tensor.ts", "src/ops/define.ts", "value", []],
  ["src/nn/a.ts", "src/init/index.ts", "value", []],
  ["src/train/a.ts", "src/grad.ts", "value", []],
  ["src/engine.ts", "src/gpu/device.ts", "value", []],
  ["src/index.ts", "src/engine.ts", "value", []],
  ["src/cli/a.ts", "src/core/errors.ts", "value", []],
  ["demo/a.ts", "src/index.ts", "value", []],
  // Against them.
  ["src/core/b.ts", "src/graph/node.ts", "type", ["core-imports"]],
  ["src/graph/b.ts", "src/ops/define.ts", "value", ["graph-imports"]],
  ["src/ops/b.ts", "src/tensor.ts", "value", ["ops-imports"]],
  ["src/autodiff/b.ts", "src/plan/types.ts", "type", ["autodiff-imports"]],
  ["src/plan/b.ts", "src/gpu/device.ts", "type", ["plan-imports"]],
  ["src/gpu/b.ts", "src/plan/types.ts", "value", ["gpu-imports-types-of-plan"]],
  ["src/gpu/c.ts", "src/ops/define.ts", "type", ["gpu-imports"]],
  ["src/tensor.ts", "src/plan/types.ts", "type", ["tensor-imports"]],
  ["src/grad.ts", "src/plan/types.ts", "value", ["grad-imports"]],
  ["src/nn/b.ts", "src/engine.ts", "type", ["nn-imports"]],
  ["src/init/b.ts", "src/plan/types.ts", "value", ["init-imports"]],
  ["src/optim/b.ts", "src/gpu/device.ts", "value", ["optim-imports"]],
  ["src/data/b.ts", "src/engine.ts", "value", ["data-imports"]],
  ["src/io/b.ts", "src/index.ts", "value", ["io-imports"]],
  ["src/train/b.ts", "src/engine.ts", "value", ["train-imports"]],
  ["src/engine.ts", "src/index.ts", "type", ["engine-imports-no-clients"]],
  ["src/index.ts", "src/cli/fathom.ts", "value", ["index-imports-no-cli"]],
  ["demo/b.ts", "src/engine.ts", "type", ["clients-use-the-public-api"]],
  ["src/nn/c.ts", "test/support/x.ts", "value", ["src-imports-no-tools"]],
  ["src/newRoom/a.ts", "src/core/shape.ts", "value", ["every-room-has-a-rule"]],
  ["src/newRoom.ts", "src/core/shape.ts", "value", ["every-room-has-a-rule"]],
  ["src/gpu/d.ts", "node:fs", "value", ["node-only-at-the-edges"]],
  ["src/data/c.ts", "node:fs", "value", []],
  ["src/nn/d.ts", "src/nn/nowhere.ts", "value", ["resolvable"]],
];

let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "fathom-imports-"));
});

afterAll(() => {
  rmSync(tree, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

/** Lays the modules down in a folder of their own and returns the names of the rules that object. */
async function objections(files: Record<string, string>): Promise<string[]> {
  rmSync(tree, { recursive: true });
  for (const [path, text] of Object.entries(files)) write(path, text);
  // All of our options but the paths, which belong to our own tree.
  const { tsConfig: _, ...rest } = config.options ?? {};
  const options = { ...rest, baseDir: tree, validate: true, ruleSet: { forbidden: config.forbidden ?? [] } };
  const folders = [...new Set(Object.keys(files).map((path) => path.split("/")[0]!))];
  const { output } = await cruise(folders, options as ICruiseOptions);
  return (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name);
}

test.each(CASES)("%s importing %s (%s): %j", async (from, to, kind, rules) => {
  const isFile = to.includes("/");
  const target = isFile ? join("..".concat("/..".repeat(from.split("/").length - 2)), to) : to;
  const files: Record<string, string> = {
    [from]:
      kind === "type"
        ? `import type { x } from "${target}";\nexport type y = typeof x;`
        : `import { x } from "${target}";\nexport const y = x;`,
  };
  if (isFile && !to.includes("nowhere")) files[to] = "export const x = 1;";
  expect(await objections(files)).toEqual(rules);
});

test("refuses circles of values, but not of types", async () => {
  const value = {
    "src/core/a.ts": 'import { b } from "./b.ts";\nexport const a = () => b;',
    "src/core/b.ts": 'import { a } from "./a.ts";\nexport const b = () => a;',
  };
  expect(new Set(await objections(value))).toEqual(new Set(["no-circles"]));
  const type = {
    "src/core/a.ts": 'import type { B } from "./b.ts";\nexport type A = B[];',
    "src/core/b.ts": 'import type { A } from "./a.ts";\nexport type B = A[];',
  };
  expect(await objections(type)).toEqual([]);
});
