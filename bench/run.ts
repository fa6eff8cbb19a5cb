/** `npm run bench`: runs suites in a headless browser, prints a table, and writes it and the numbers. */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { buildPage } from "../scripts/buildPage.ts";
import { drive } from "../src/cli/drive.ts";
import { runEnvironment } from "../src/cli/environment.ts";
import { browserOption, command, EXIT, integerOption, parseCommandLine } from "../src/cli/exit.ts";
import { makeFolder } from "../src/cli/runFiles.ts";
import type { PageEnvironment } from "../src/cli/wire.ts";
import { FathomError } from "../src/core/errors.ts";
import type { BenchEvent, BenchJob } from "./job.ts";
import { type BenchResult, resultSchema, type SuiteResult } from "./schema.ts";
import { SUITES } from "./suites/index.ts";
import { resultMarkdown } from "./table.ts";

const HELP = `Measures Fathom in a headless browser, and says whether it keeps its promises.

npm run bench -- [options]
  --suite NAME   ${Object.keys(SUITES).join(", ")}; may be given several times (all)
  --rounds N     samples of each thing (30, fewer of what is slow)
  --quick        a trial: few and short samples, whose numbers say little
  --out DIR      where bench.json and bench.md go (bench/results/local)
  --browser B    chromium (default) or firefox
  --help         this text`;

const FULL = { rounds: 30, seconds: 60, fewestRounds: 6, warmUps: 2, sampleMilliseconds: 250 };
const QUICK = { rounds: 2, seconds: 0, fewestRounds: 2, warmUps: 0, sampleMilliseconds: 1 };

export function main(args: readonly string[]): Promise<number> {
  return command(async (signal) => {
    const { values } = parseCommandLine({
      args: [...args],
      options: {
        suite: { type: "string", multiple: true },
        rounds: { type: "string" },
        quick: { type: "boolean", default: false },
        out: { type: "string", default: "bench/results/local" },
        browser: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      return EXIT.done;
    }
    const suites = values.suite ?? Object.keys(SUITES);
    const unknown = suites.find((name) => !Object.hasOwn(SUITES, name));
    if (unknown !== undefined)
      throw new FathomError(
        "argument",
        `the command line: there is no suite "${unknown}"; --suite takes ${Object.keys(SUITES).join(", ")}`,
      );
    const { sampleMilliseconds, ...preset } = values.quick ? QUICK : FULL;
    const effort = { ...preset, rounds: integerOption("rounds", values.rounds, 1) ?? preset.rounds };
    const result = await bench(
      { suites, effort, sampleMilliseconds },
      browserOption(values.browser),
      ["npm run bench --", ...args].join(" ").replace(/ --$/, ""),
      signal,
    );
    const out = resolve(values.out);
    await makeFolder(out);
    const markdown = resultMarkdown(result);
    await writeFile(join(out, "bench.json"), `${JSON.stringify(result, null, 2)}\n`);
    await writeFile(join(out, "bench.md"), markdown);
    console.log(`\n${markdown}\nWritten to ${values.out}`);
    const missed = result.suites.flatMap(({ entries }) => entries).filter(({ met }) => met === false);
    if (missed.length > 0) console.error(`fathom: ${missed.length} targets were missed: ${missed.map(({ title }) => title).join("; ")}`);
    // A trial's samples are too short to fail by.
    return missed.length > 0 && !values.quick ? EXIT.failed : EXIT.done;
  });
}

async function bench(job: BenchJob, browser: "chromium" | "firefox", again: string, signal: AbortSignal): Promise<BenchResult> {
  let environment: PageEnvironment | null = null;
  const suites: SuiteResult[] = [];
  const { browserVersion } = await drive({
    page: await buildPage("bench/page"),
    job,
    browser,
    signal,
    onEvent: (given) => {
      const event = given as BenchEvent;
      if (event.type === "opened") environment = event.environment;
      if (event.type === "line") console.log(event.text);
      if (event.type === "suite") suites.push(event.result);
    },
  });
  if (!environment) throw new FathomError("internal", "the page ended without opening an engine");
  return v.parse(resultSchema, {
    format: "fathom-bench/1",
    environment: runEnvironment(environment, browserVersion),
    command: again,
    suites,
  });
}
