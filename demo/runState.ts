/** The state of a run as the command line takes it up: what its checkpoint.json says, and the files that it is about. In the worker, loaded when asked for. */
import { parseExperiment, type Trainer } from "../src/index.ts";
import { dataFiles, readFrom } from "./dataFiles.ts";
import { stepOf } from "./keeper.ts";
import type { Given, RunState } from "./messages.ts";

export async function runStateOf(trainer: Trainer, given: Given, available: readonly File[]): Promise<RunState> {
  const checkpoint = await trainer.checkpoint();
  const step = await stepOf(checkpoint);
  const experiment = parseExperiment(given);
  const { name, steps, ...rest } = experiment;
  const data = await Promise.all(
    dataFiles(experiment.dataset).map(async (file) => ({ name: file, bytes: await readFrom(available, file) })),
  );
  const files = await Promise.all(data.map(async ({ name: file, bytes }) => [file, await hashOf(bytes)] as const));
  return {
    step,
    checkpoint,
    data,
    given: typeof given === "string" ? given : JSON.stringify(given, null, 2),
    // As JSON has it: what is undefined is not there.
    identity: { ...(name === undefined ? {} : { name }), steps, experiment: rest, files: Object.fromEntries(files) },
  };
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
