/** The benchmark as one bundle for a server: `node fathom-bench.mjs --suite NAME --dawn dawn.node`. Built by `npm run build:bench`. */
import { command, EXIT } from "../src/cli/exit.ts";
import { FathomError } from "../src/core/errors.ts";
import { benchArguments } from "./arguments.ts";
import { runInNode } from "./inNode.ts";
import { finish } from "./outcome.ts";

/** That of the source, put in when it is built. */
declare const FATHOM_COMMIT: string;

const code = await command(async (signal) => {
  const given = benchArguments(["--device", "node", ...process.argv.slice(2)], "node fathom-bench.mjs");
  if (!given) return EXIT.done;
  if (given.device !== "node") throw new FathomError("argument", "the command line: this bundle runs on Dawn in Node; leave --device out");
  return finish(await runInNode(given, FATHOM_COMMIT, signal), given);
}, "interrupted, keeping what was measured; once more ends at once …");
// Dawn keeps the process alive.
process.exit(code);
