/** `fathom train`: one experiment file, with checkpoints on the way, so that it can be interrupted, killed and gone on with. */
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { FathomError } from "../core/errors.ts";
import { type CheckpointToSave, identityOf, resumeFrom } from "./checkpoints.ts";
import type { Command, LoadPage } from "./commands.ts";
import { browserOption, command, EXIT, integerOption, parseCommandLine } from "./exit.ts";
import { readExperimentFile } from "./experimentFile.ts";
import { resultText } from "./resultTable.ts";
import { planOf, runNets } from "./runNets.ts";

const HELP = `  --out DIR               where metrics.jsonl, weights.safetensors, summary.json and the checkpoint go
  --weights W.safetensors starts from these weights, with PyTorch's names and layouts
  --resume DIR            goes on with the run whose --out was DIR, bit for bit; DIR is --out too unless that is given
  --steps N               updates in all, instead of the file's; with --resume to go on further
  --checkpoint-every N    saves a checkpoint every N steps (default: about every ten seconds); one is saved at the end, too
  --browser B             chromium (default) or firefox
  --quiet                 prints nothing but errors

Ctrl-C finishes the step, saves a checkpoint and ends; a second one ends at once. A run that is killed goes on from its last checkpoint.`;

export const train: Command = {
  usage: "fathom train FILE --out DIR",
  summary: "trains an experiment file",
  help: HELP,
  run: trainFile,
};

const NOTE = "interrupted: saving a checkpoint; once more ends at once …";

function trainFile(args: readonly string[], loadPage: LoadPage): Promise<number> {
  return command(async (signal) => {
    const options = readOptions(args);
    const { path, out, resume, weights, browser, steps, every, quiet } = options;
    const file = await readExperimentFile(path, steps === undefined ? {} : { steps });
    const identity = await identityOf(file.experiment, file.files);
    const resumed = resume === null ? null : await resumeFrom(resume, identity, file.experiment.steps);
    if (resumed && !quiet) console.log(`Going on after ${resumed.step} of ${file.experiment.steps} steps.`);
    try {
      const result = await runNets({
        title: file.title,
        plain: null,
        nets: [{ ...planOf(file, out, weights), checkpoints: { identity, every, resumed } }],
        timing: null,
        page: await loadPage(),
        browser,
        output: quiet ? null : process.stdout,
        interrupt: signal,
      });
      const [net] = result.nets;
      if (!quiet) console.log(`${resultText(result)}\n\nWritten to ${relative(process.cwd(), out) || "."}`);
      if (net?.stopped) process.stderr.write(`fathom: ${net.stopped.message}\n`);
      return net?.stopped ? EXIT.failed : EXIT.done;
    } catch (error) {
      if (!(error instanceof FathomError) || error.code !== "aborted") throw error;
      const { step } = error.details as Partial<Pick<CheckpointToSave, "step">>;
      process.stderr.write(
        step === undefined
          ? "fathom: interrupted before the first step; nothing is saved\n"
          : `fathom: interrupted after ${step} steps, which are saved; go on with: fathom train ${path} --resume ${out}\n`,
      );
      return EXIT.interrupted;
    }
  }, NOTE);
}

function readOptions(args: readonly string[]) {
  const { values, positionals } = parseCommandLine({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      weights: { type: "string" },
      resume: { type: "string" },
      steps: { type: "string" },
      "checkpoint-every": { type: "string" },
      browser: { type: "string" },
      quiet: { type: "boolean", default: false },
    },
  });
  const refuse = (why: string): FathomError => new FathomError("argument", `fathom train: ${why}`);
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw refuse("name one experiment file: fathom train FILE --out DIR");
  const { weights, resume } = values;
  const out = values.out ?? resume;
  if (out === undefined) throw refuse("say where the files go: --out DIR");
  if (weights !== undefined && resume !== undefined)
    throw refuse("--weights and --resume exclude each other: a checkpoint brings its own weights; leave one out");
  if (weights !== undefined && !existsSync(weights)) throw refuse(`--weights names ${weights}, and there is no such file`);
  return {
    path,
    out: resolve(out),
    resume: resume === undefined ? null : resolve(resume),
    weights: weights ?? null,
    browser: browserOption(values.browser),
    steps: integerOption("steps", values.steps, 1),
    every: integerOption("checkpoint-every", values["checkpoint-every"], 1) ?? ("auto" as const),
    quiet: values.quiet,
  };
}
