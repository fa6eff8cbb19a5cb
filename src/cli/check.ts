/** `fathom check`: says what is wrong with experiment files, without a browser. */
import { FathomError } from "../core/errors.ts";
import type { Command } from "./commands.ts";
import { command, EXIT, parseCommandLine } from "./exit.ts";
import { readExperimentFile } from "./experimentFile.ts";

export const check: Command = {
  usage: "fathom check FILE…",
  summary: "says what is wrong with experiment files, without running them",
  help: "Checks every key, the files that the experiment names, and whether its layers fit together.",
  run: checkFiles,
};

function checkFiles(args: readonly string[]): Promise<number> {
  return command(async () => {
    const { positionals } = parseCommandLine({ args: [...args], allowPositionals: true, options: {} });
    if (positionals.length === 0) throw new FathomError("argument", "fathom check: name an experiment file");
    let wrong = 0;
    for (const path of positionals) {
      try {
        await readExperimentFile(path);
        console.log(`${path}: correct`);
      } catch (error) {
        if (!(error instanceof FathomError)) throw error;
        wrong++;
        process.stderr.write(`${error.message}\n`);
      }
    }
    return wrong > 0 ? EXIT.usage : EXIT.done;
  });
}
