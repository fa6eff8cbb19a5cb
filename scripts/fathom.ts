/** The `fathom` command from a clone: `node scripts/run.mjs scripts/fathom.ts train FILE --out DIR`. */
import { fathom } from "../src/cli/commands.ts";
import { buildPage } from "./buildPage.ts";

export const main = (args: readonly string[]): Promise<number> => fathom(args, () => buildPage("src/cli/page"));
