/** The `fathom` command: train an experiment file, check one, or compare several. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { FathomError } from "../core/errors.ts";
import { VERSION } from "./environment.ts";
import { browserOption, command, EXIT, integerOption, parseCommandLine } from "./exit.ts";
import { type ExperimentFile, readExperimentFile } from "./experimentFile.ts";
import { resultText } from "./resultTable.ts";
import { makeFolder } from "./runFiles.ts";
import { type NetPlan, runNets } from "./runNets.ts";
import type { PageFiles } from "./serve.ts";
import { finish, start, TIMING } from "./start.ts";

const HELP = `fathom ${VERSION}: trains deep nets on WebGPU in a headless browser.

fathom train FILE --out DIR   trains an experiment file; writes metrics.jsonl, summary.json, weights.safetensors
  --weights W.safetensors     starts from these weights
  --steps N                   instead of the file's steps
  --browser B                 chromium (default) or firefox
  --quiet                     prints nothing but errors
fathom check FILE...          says what is wrong with experiment files, without running them
fathom compare [FILE...]      trains several in turn and writes a table and report.html; the built-in five nets without a file
  --out DIR                   where the runs and the report go (runs)
  --steps N, --seed S, --only NAME, --browser B
fathom --help, --version

Exit codes: 0 done; 1 failed, or training stopped because a number was not finite; 2 the command line or a file is wrong; 130 interrupted.`;

type LoadPage = () => Promise<PageFiles>;
type Command = (args: readonly string[], loadPage: LoadPage) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = { train, check, compare };

export async function fathom(args: readonly string[], loadPage: LoadPage): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version") console.log(VERSION);
  else if (name === undefined || name === "--help" || name === "help" || rest.includes("--help")) console.log(HELP);
  else if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]!(rest, loadPage);
  else {
    process.stderr.write(`fathom: there is no command "${name}"; use ${Object.keys(COMMANDS).join(", ")}, or --help\n`);
    return EXIT.usage;
  }
  return name === undefined ? EXIT.usage : EXIT.done;
}

function train(args: readonly string[], loadPage: LoadPage): Promise<number> {
  return command(async (signal) => {
    const { values, positionals } = parseCommandLine({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: "string" },
        weights: { type: "string" },
        steps: { type: "string" },
        browser: { type: "string" },
        quiet: { type: "boolean", default: false },
      },
    });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw new FathomError("argument", "fathom train: name one experiment file: fathom train FILE --out DIR");
    if (values.out === undefined) throw new FathomError("argument", "fathom train: say where the files go: --out DIR");
    if (values.weights !== undefined && !existsSync(values.weights))
      throw new FathomError("argument", `fathom train: --weights names ${values.weights}, and there is no such file`);
    const browser = browserOption(values.browser);
    const steps = integerOption("steps", values.steps, 1);
    const file = await readExperimentFile(path, steps === undefined ? {} : { steps });
    const result = await runNets({
      title: file.title,
      plain: null,
      nets: [planOf(file, resolve(values.out), values.weights ?? null)],
      timing: null,
      page: await loadPage(),
      browser,
      output: values.quiet ? null : process.stdout,
      signal,
    });
    const [net] = result.nets;
    if (!values.quiet) console.log(`${resultText(result)}\n\nWritten to ${values.out}`);
    else if (net?.stopped) process.stderr.write(`fathom: ${net.stopped.message}\n`);
    return net?.stopped ? EXIT.failed : EXIT.done;
  });
}

function check(args: readonly string[]): Promise<number> {
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

function compare(args: readonly string[], loadPage: LoadPage): Promise<number> {
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

const TAKES_VALUE = new Set(["--out", "--steps", "--seed", "--only", "--browser"]);

const planOf = ({ json, name, title, files }: ExperimentFile, folder: string, weights: string | null): NetPlan => ({
  name,
  title,
  experiment: json,
  files,
  weights,
  folder,
});

/** Files of the same name from different folders get folders of their own. */
function unique(files: readonly ExperimentFile[]): ExperimentFile[] {
  const seen = new Map<string, number>();
  return files.map((file) => {
    const times = (seen.get(file.name) ?? 0) + 1;
    seen.set(file.name, times);
    return times === 1 ? file : { ...file, name: `${file.name}-${times}` };
  });
}
