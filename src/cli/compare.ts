/** `fathom compare`: several experiment files in turn, one table and one report; the main job's five nets where no file is named. */
import { join, resolve } from "node:path";
import type { Command, LoadPage } from "./commands.ts";
import { browserOption, command, integerOption, parseCommandLine } from "./exit.ts";
import { type ExperimentFile, readExperimentFile } from "./experimentFile.ts";
import { makeFolder } from "./runFiles.ts";
import { planOf, runNets } from "./runNets.ts";
import { finish, start, TIMING } from "./start.ts";

export const compare: Command = {
  usage: "fathom compare [FILE…]",
  summary: "trains several in turn and writes a table and report.html; the built-in five nets without a file",
  help: `  --out DIR     where the runs and the report go (runs)
  --steps N     updates for each, instead of the files'
  --browser B   chromium (default) or firefox

Without a file also:
  --seed S      of weights and batches
  --only NAME   only this net; may be given several times`,
  run: compareFiles,
};

const TAKES_VALUE = new Set(["--out", "--steps", "--seed", "--only", "--browser"]);

async function compareFiles(args: readonly string[], loadPage: LoadPage): Promise<number> {
  const paths = args.filter((arg, index) => !arg.startsWith("-") && !TAKES_VALUE.has(args[index - 1] ?? ""));
  if (paths.length === 0) return start(args, loadPage);
  return command(async (signal) => {
    const { values, positionals } = parseCommandLine({
      args: [...args],
      allowPositionals: true,
      options: { out: { type: "string", default: "runs" }, steps: { type: "string" }, browser: { type: "string" } },
    });
    const browser = browserOption(values.browser);
    const steps = integerOption("steps", values.steps, 1);
    const files = await Promise.all(positionals.map((path) => readExperimentFile(path, steps === undefined ? {} : { steps })));
    const out = resolve(values.out);
    await makeFolder(out);
    const plans = unique(files).map((file) => planOf(file, join(out, file.name), null));
    const result = await runNets({
      title: `${files.length} experiments`,
      plain: plans[0]!.name,
      nets: plans,
      timing: TIMING,
      page: await loadPage(),
      browser,
      output: process.stdout,
      signal,
    });
    return finish(result, out);
  });
}

/** Files of the same name from different folders get folders of their own. */
function unique(files: readonly ExperimentFile[]): ExperimentFile[] {
  const seen = new Map<string, number>();
  return files.map((file) => {
    const times = (seen.get(file.name) ?? 0) + 1;
    seen.set(file.name, times);
    return times === 1 ? file : { ...file, name: `${file.name}-${times}` };
  });
}
