#!/usr/bin/env node
/** The `fathom` command: of a clone its sources as they are, of an installed package what was built. */
import { existsSync } from "node:fs";

const fromSources = new URL("../scripts/run.mjs", import.meta.url);
if (existsSync(fromSources)) {
  process.argv.splice(2, 0, "scripts/fathom.ts");
  await import(fromSources.href);
} else {
  await import(new URL("../dist/cli/fathom.js", import.meta.url).href);
}
