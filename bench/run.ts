/** `npm run bench`: runs suites in a headless browser, or on Dawn in Node. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { command, EXIT } from "../src/cli/exit.ts";
import { benchArguments } from "./arguments.ts";
import { runInBrowser } from "./inBrowser.ts";
import { runInNode } from "./inNode.ts";
import { commitOf } from "./machine.ts";
import { finish } from "./outcome.ts";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

export function main(args: readonly string[]): Promise<number> {
  return command(async (signal) => {
    const given = benchArguments(args, "npm run bench --");
    if (!given) return EXIT.done;
    const run = given.device === "node" ? runInNode : runInBrowser;
    return finish(await run(given, commitOf(repository), signal), given);
  }, "interrupted, keeping what was measured; once more ends at once …");
}
