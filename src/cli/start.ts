/** The main job: trains the built-in comparison, prints its table, and writes its files and the report. */
import { writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { FathomError } from "../core/errors.ts";
import { builtInComparison, DEFAULT_SEED, DEFAULT_STEPS } from "./comparison.ts";
import { browserOption, command, EXIT, integerOption, parseCommandLine } from "./exit.ts";
import { reportHtml } from "./report/report.ts";
import type { RunResult } from "./results.ts";
import { resultText } from "./resultTable.ts";
import { makeFolder } from "./runFiles.ts";
import { runNets } from "./runNets.ts";
import type { PageFiles } from "./serve.ts";

const HELP = `Trains five nets of 24 hidden layers on handwritten digits in a headless browser, and shows what becomes of their gradients.

npm start -- [options]
  --steps N     updates for each net (${DEFAULT_STEPS})
  --seed S      of weights and batches (${DEFAULT_SEED})
  --out DIR     where the runs and report.html go (runs)
  --browser B   chromium (default) or firefox
  --only NAME   only this net; may be given several times
  --help        this text`;

/** Rounds of timing, and how long each net is timed in one. */
export const TIMING = { rounds: 12, blockMilliseconds: 120 };
/** With fewer steps it is a trial, and timing would take longer than training. */
const FEWEST_STEPS_TO_TIME = 20;
const QUICK_TIMING = { rounds: 2, blockMilliseconds: 20 };

export async function start(args: readonly string[], loadPage: () => Promise<PageFiles>): Promise<number> {
  return command(async (signal) => {
    const { values } = parseCommandLine({
      args: [...args],
      options: {
        steps: { type: "string" },
        seed: { type: "string" },
        out: { type: "string", default: "runs" },
        browser: { type: "string" },
        only: { type: "string", multiple: true },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      return EXIT.done;
    }
    const steps = integerOption("steps", values.steps, 1) ?? DEFAULT_STEPS;
    const seed = integerOption("seed", values.seed, 0) ?? DEFAULT_SEED;
    const browser = browserOption(values.browser);
    const comparison = builtInComparison({ steps, seed });
    const nets = chosen(comparison.nets, values.only);
    const out = resolve(values.out);
    await makeFolder(out);
    console.log(`${comparison.title}, ${steps} steps each.`);
    const result = await runNets({
      title: comparison.title,
      plain: comparison.plain,
      nets: nets.map((net) => ({ ...net, files: {}, weights: null, folder: join(out, net.name) })),
      timing: steps < FEWEST_STEPS_TO_TIME ? QUICK_TIMING : TIMING,
      page: await loadPage(),
      browser,
      output: process.stdout,
      signal,
    });
    return finish(result, out);
  });
}

/** The table on the terminal, the report in the folder, and how the command ends. */
export async function finish(result: RunResult, out: string): Promise<number> {
  const report = join(out, "report.html");
  await writeFile(report, reportHtml(result));
  console.log(`\n${resultText(result)}\n\nReport: ${relative(process.cwd(), report) || report}`);
  const stopped = result.nets.filter((net) => net.stopped);
  if (stopped.length > 0)
    console.error(`fathom: ${stopped.length} of ${result.nets.length} nets stopped early: ${stopped.map(({ title }) => title).join("; ")}`);
  return stopped.length > 0 ? EXIT.failed : EXIT.done;
}

function chosen<Net extends { readonly name: string }>(nets: readonly Net[], only: readonly string[] | undefined): readonly Net[] {
  if (!only) return nets;
  const unknown = only.find((name) => !nets.some((net) => net.name === name));
  if (unknown !== undefined)
    throw new FathomError(
      "argument",
      `the command line: there is no net "${unknown}"; --only takes ${nets.map(({ name }) => name).join(", ")}`,
    );
  return nets.filter(({ name }) => only.includes(name));
}
