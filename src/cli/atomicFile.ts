/** Files that are whole whenever the process ends: written beside their place, brought to the disk, and then renamed into it. */
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Whoever opens `path` finds what was there before, or all of `content`. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** The rename itself is on the disk only with its folder. Some systems cannot open one; they order it by themselves. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => null);
  if (!folder) return;
  await folder.sync().catch(() => undefined);
  await folder.close();
}
