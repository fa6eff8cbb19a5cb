/** `fathom init`: an experiment file to begin with. */
import { open } from "node:fs/promises";
import { FathomError } from "../core/errors.ts";
import type { Command } from "./commands.ts";
import { command, EXIT, parseCommandLine } from "./exit.ts";

/** A deep net whose gradient does not vanish: change one line, and look what becomes of it. */
export const EXAMPLE = `{
  "format": "fathom-experiment/1",
  "name": "deep residual net on handwritten digits",
  "seed": 7,
  "dataset": "digits",
  "batchSize": 64,
  "steps": 300,
  "model": [
    { "type": "linear", "units": 64, "init": "heNormal" },
    { "type": "repeat", "times": 12, "body": [
      { "type": "residual", "body": [{ "type": "linear", "units": 64, "init": "heNormal" }, "batchNorm"] },
      "relu"
    ] },
    { "type": "linear", "units": 10 }
  ],
  "loss": "softmaxCrossEntropy",
  "optimizer": { "type": "sgd", "momentum": 0.9 },
  "schedule": { "type": "cosine", "initial": 0.05, "steps": 300 },
  "clip": { "type": "globalNorm", "max": 5 },
  "monitor": { "every": 1 }
}
`;

export const init: Command = {
  usage: "fathom init [FILE]",
  summary: "writes an example of an experiment file",
  help: "FILE is experiment.json unless it is named. A file that exists is not overwritten. The keys are explained in docs/experiment.md.",
  run: writeExample,
};

function writeExample(args: readonly string[]): Promise<number> {
  return command(async () => {
    const { positionals } = parseCommandLine({ args: [...args], allowPositionals: true, options: {} });
    if (positionals.length > 1) throw new FathomError("argument", "fathom init: name one file, or none for experiment.json");
    const [path = "experiment.json"] = positionals;
    try {
      const file = await open(path, "wx");
      await file.writeFile(EXAMPLE);
      await file.close();
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "EEXIST")
        throw new FathomError("argument", `fathom init: ${path} is there already, and is not overwritten; name another file`);
      throw new FathomError("io", `fathom init: ${path} cannot be written (${message})`, { cause });
    }
    console.log(`${path} is written. Run it: fathom train ${path} --out runs/first`);
    return EXIT.done;
  });
}
