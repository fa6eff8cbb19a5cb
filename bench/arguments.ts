/** The command line of the benchmark, which is the same in the clone and in the bundle for servers. */
import { resolve } from "node:path";
import { browserOption, integerOption, parseCommandLine } from "../src/cli/exit.ts";
import type { BrowserName } from "../src/cli/findBrowser.ts";
import { FathomError } from "../src/core/errors.ts";
import type { BenchJob } from "./job.ts";
import { SUITE_NAMES, SUITES, type SuiteName, suiteNamed } from "./suites/index.ts";

export interface BenchArguments {
  readonly job: BenchJob;
  readonly device: "browser" | "node";
  readonly browser: BrowserName;
  /** A dawn.node to load instead of npm's. */
  readonly dawn: string | undefined;
  readonly out: string;
  /** As it was given. */
  readonly shownOut: string;
  /** The file of that name under bench/results, which `npm run bench:report` reads. */
  readonly save: string | undefined;
  /** Whether what that file has is kept, but for what is measured anew. */
  readonly join: boolean;
  /** The line that was typed. */
  readonly again: string;
}

const SECONDS = 600;

const help = (name: string): string => `Measures Fathom, and says whether it keeps its promises.

${name} [options]
  --suite NAME   ${SUITE_NAMES.join(", ")}; may be given several times (all that can run)
  --device D     browser (default): headless; node: Dawn in Node, npm's webgpu
  --dawn FILE    the dawn.node to load, instead of npm's (implies --device node)
  --browser B    chromium (default) or firefox; not with --device node
  --only TEXT    parts alone whose group or name holds it: 50x64, "24 layers", tanh, with what they are compared with, which is not
                 measured by itself; may be given several times
  --seconds N    that each suite may take (${SECONDS}); what is left out is listed
  --rounds N     samples of each thing (30)
  --seed N       of initial weights, data and bootstrap (7)
  --quick        a trial: small nets, few samples, whose numbers say little
  --out DIR      where bench.json and bench.md go (bench/results/local)
  --save NAME    also writes bench/results/NAME.json, from which npm run bench:report makes docs/benchmarks.md, if the run reaches its end
  --join         with --save: adds to that file, made on this machine of this commit, so that parts can be measured in several calls; what was
                 compared with something that this call measures anew goes
  --help         this text

It ends with 1 where a promise is missed (not with --quick), though all is measured and saved; and where a suite failed, or --save did not save.`;

/** As a shell wants it. */
const quoted = (text: string): string => (/^[\w./:=-]+$/.test(text) ? text : `"${text}"`);

/** Null where only help was asked for. */
export function benchArguments(args: readonly string[], name: string): BenchArguments | null {
  const { values } = parseCommandLine({
    args: [...args],
    options: {
      suite: { type: "string", multiple: true },
      only: { type: "string", multiple: true },
      device: { type: "string" },
      dawn: { type: "string" },
      browser: { type: "string" },
      seconds: { type: "string" },
      rounds: { type: "string" },
      seed: { type: "string" },
      quick: { type: "boolean", default: false },
      out: { type: "string", default: "bench/results/local" },
      save: { type: "string" },
      join: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help(name));
    return null;
  }
  const device = values.device ?? (values.dawn === undefined ? "browser" : "node");
  if (device !== "browser" && device !== "node")
    throw new FathomError("argument", `the command line: --device is "${device}"; use browser or node`);
  if (device === "browser" && values.dawn !== undefined)
    throw new FathomError("argument", "the command line: --dawn is of --device node; leave --device browser out, or --dawn");
  if (device === "node" && values.browser !== undefined)
    throw new FathomError(
      "argument",
      `the command line: --browser has no place with ${values.dawn === undefined ? "--device node" : "--dawn, which runs in Node"}; leave it out`,
    );
  if (values.save !== undefined && !/^[\w.-]+$/.test(values.save))
    throw new FathomError("argument", `the command line: --save is "${values.save}"; use letters, digits, hyphens and dots`);
  if (values.join && values.save === undefined)
    throw new FathomError("argument", "the command line: --join needs --save NAME, the file that is added to");
  const { quick } = values;
  const canRun = (suite: SuiteName): boolean => device === "browser" || !SUITES[suite].browserOnly;
  const suites = values.suite?.map(suiteNamed) ?? SUITE_NAMES.filter(canRun);
  for (const suite of suites)
    if (!canRun(suite))
      throw new FathomError("argument", `the command line: the suite "${suite}" compares libraries that want a browser, and this is Node`);
  return {
    job: {
      suites,
      quick,
      seconds: integerOption("seconds", values.seconds, 1) ?? SECONDS,
      rounds: integerOption("rounds", values.rounds, 1) ?? null,
      only: values.only ?? [],
      seed: integerOption("seed", values.seed, 0) ?? 7,
    },
    device,
    browser: browserOption(values.browser),
    dawn: values.dawn,
    out: resolve(values.out),
    shownOut: values.out,
    save: values.save,
    join: values.join,
    again: [name, ...args.map(quoted)].join(" ").replace(/ --$/, ""),
  };
}
