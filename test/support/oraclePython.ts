/** Runs the oracle's Python programs from Node tests, where there is a Python with PyTorch. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ORACLE = fileURLToPath(new URL("../oracle/", import.meta.url));

export interface PythonResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs test/oracle/`script`. It finds Debian's Python itself when the first in the PATH has no PyTorch. */
export function runOracle(script: "generate.py" | "oracle.py" | "check_weights.py", ...options: string[]): PythonResult {
  const { status, stdout, stderr, error } = spawnSync("python3", [`${ORACLE}${script}`, ...options], { encoding: "utf8" });
  return { code: status ?? 127, stdout: stdout ?? "", stderr: stderr || error?.message || "" };
}

/** Why the oracle cannot run here, or undefined where it can. For `it.skipIf(missing !== undefined)`, after saying so. */
export function oracleMissing(): string | undefined {
  const { code, stderr } = runOracle("oracle.py", "--help");
  return code === 0 ? undefined : stderr.trim();
}

/** What PyTorch's model of `experimentFile` says with the weights of `weightsFile`, loaded strictly: the outputs of the first rows. */
export function pytorchOutputs(experimentFile: string, weightsFile: string, rows?: number): number[][] {
  const { code, stdout, stderr } = runOracle(
    "check_weights.py",
    experimentFile,
    weightsFile,
    ...(rows === undefined ? [] : ["--rows", String(rows)]),
  );
  if (code !== 0) throw new Error(`PyTorch refuses ${weightsFile}: ${stderr}`);
  return (JSON.parse(stdout) as { logits: number[][] }).logits;
}

/** The folder of a committed case. */
export function caseFolder(name: string): string {
  return `${ORACLE}cases/${name}/`;
}
