/** The installed `fathom` command: the built page lies beside it. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fathom } from "./commands.ts";
import type { PageFiles } from "./serve.ts";

async function builtPage(): Promise<PageFiles> {
  const folder = fileURLToPath(new URL("page/", import.meta.url));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [relative(folder, file).split(sep).join("/"), await readFile(file)] as const)),
  );
}

process.exit(await fathom(process.argv.slice(2), builtPage));
