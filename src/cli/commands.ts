/** The `fathom` command: picks what its first word names, and explains. */
import { check } from "./check.ts";
import { compare } from "./compare.ts";
import { VERSION } from "./environment.ts";
import { EXIT } from "./exit.ts";
import { init } from "./init.ts";
import type { PageFiles } from "./serve.ts";
import { train } from "./train.ts";

export type LoadPage = () => Promise<PageFiles>;

export interface Command {
  /** `fathom train FILE --out DIR` */
  readonly usage: string;
  readonly summary: string;
  /** What `--help` says below the usage. */
  readonly help: string;
  readonly run: (args: readonly string[], loadPage: LoadPage) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = { train, check, compare, init };

const EXIT_CODES =
  "Exit codes: 0 done; 1 failed, or training stopped because a number was not finite; 2 the command line or a file is wrong; 130 interrupted.";

function overview(): string {
  const width = Math.max(...Object.values(COMMANDS).map(({ usage }) => usage.length));
  return [
    `fathom ${VERSION}: trains deep nets on WebGPU in a headless browser.`,
    "",
    ...Object.values(COMMANDS).map(({ usage, summary }) => `${usage.padEnd(width)}  ${summary}`),
    "",
    "fathom COMMAND --help tells more of each; fathom --version says which this is.",
    "",
    EXIT_CODES,
  ].join("\n");
}

export async function fathom(args: readonly string[], loadPage: LoadPage): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version") console.log(VERSION);
  else if (name === undefined || name === "--help" || name === "help") console.log(overview());
  else if (!Object.hasOwn(COMMANDS, name)) {
    process.stderr.write(`fathom: there is no command "${name}"; use ${Object.keys(COMMANDS).join(", ")}, or --help\n`);
    return EXIT.usage;
  } else {
    const { usage, summary, help, run } = COMMANDS[name]!;
    if (!rest.includes("--help")) return run(rest, loadPage);
    console.log(`${usage}\n\n${summary[0]!.toUpperCase()}${summary.slice(1)}.\n\n${help}\n\n${EXIT_CODES}`);
  }
  return name === undefined ? EXIT.usage : EXIT.done;
}
