/** How a command ends: exit codes, error messages, and Ctrl-C. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { checkInteger } from "../core/check.ts";
import { FathomError, type FathomErrorCode } from "../core/errors.ts";
import type { BrowserName } from "./findBrowser.ts";

/** 0: done. 1: it could not be done, or training stopped early. 2: the command line or a file is wrong. 130: interrupted. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** What these say is wrong with what was given, not with training: a file, a key, or data that the model cannot take. */
const UNUSABLE: ReadonlySet<FathomErrorCode> = new Set(["argument", "experiment", "file-format", "shape", "dtype"]);

/** Runs a command's body with a signal that Ctrl-C aborts; a second Ctrl-C ends the process at once. */
export async function command(
  body: (signal: AbortSignal) => Promise<number>,
  note = "interrupted, closing the browser …",
): Promise<number> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write(`\nfathom: ${note}\n`);
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await body(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return EXIT.interrupted;
    // Any other error is a fault of ours, and its stack helps.
    if (!(error instanceof FathomError)) throw error;
    process.stderr.write(`fathom: ${error.message}\n`);
    return UNUSABLE.has(error.code) ? EXIT.usage : EXIT.failed;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** node:util's parseArgs, whose errors are ours. */
export function parseCommandLine<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    const { message } = cause as Error;
    const [, option] = /^Option '.*?(--[\w-]+).*' argument is ambiguous/.exec(message) ?? [];
    // Node's advice takes three lines.
    const found = option
      ? `${option} wants a value, and what follows it begins with a hyphen; where that is the value, write ${option}=VALUE`
      : message.split(". To specify")[0];
    throw new FathomError("argument", `${found}; see --help`, { cause });
  }
}

/** A whole number of the command line. */
export function integerOption(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  return checkInteger("the command line", `--${name}`, /^\d+$/.test(text) ? Number(text) : text, least);
}

export function browserOption(text: string | undefined): BrowserName {
  if (text === undefined || text === "chromium" || text === "firefox") return text ?? "chromium";
  throw new FathomError("argument", `the command line: --browser is "${text}"; use chromium or firefox`);
}
