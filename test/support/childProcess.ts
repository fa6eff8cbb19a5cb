/** Runs a program of this repository to its end, as a user would. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Default: this repository. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with everything printed so far. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Called once it runs; what it returns is called when it has ended. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => () => void;
}

export function runProgram(
  command: string,
  args: readonly string[],
  { cwd = REPOSITORY, env = {}, onOutput, onStart }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    const ended = onStart?.((signal) => child.kill(signal));
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      onOutput?.(stdout, (signal) => child.kill(signal));
    });
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      ended?.();
      resolve({ code, stdout, stderr });
    });
  });
}

/** `node scripts/run.mjs MODULE …`: what npm's scripts call, without npm between us and its signals. */
export const runModule = (module: string, args: readonly string[], options?: RunOptions): Promise<Finished> =>
  runProgram(process.execPath, ["scripts/run.mjs", module, ...args], options);
