/**
 * Checkpoints of a run on the disk. `checkpoint.json` names the file that holds the trainer's state, and is renamed into its place last: a process
 * that is killed at any moment leaves the previous checkpoint or the new one, whole, and never a mixture.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { FathomError } from "../core/errors.ts";
import type { Experiment } from "../experiment/index.ts";
import { writeWhole } from "./atomicFile.ts";
import { type EarlierMetrics, readMetrics } from "./metricsFile.ts";

const FORMAT = "fathom-run-checkpoint/1";
const MANIFEST = "checkpoint.json";
const STATE_FILE = /^checkpoint-\d+\.safetensors(\.tmp)?$|^checkpoint\.json\.tmp$/;

/** What must be the same where a run goes on. */
export interface RunIdentity {
  /** Checked, with its defaults, without what may change: `name` and `steps`. */
  readonly experiment: Readonly<Record<string, unknown>>;
  /** SHA-256 of each data file, by the experiment's name for it. */
  readonly files: Readonly<Record<string, string>>;
  /** What may change, as it is now: whoever has the checkpoint alone knows what the run is called, and how far it is to go. */
  readonly name?: string;
  readonly steps?: number;
}

interface Manifest extends RunIdentity {
  readonly format: typeof FORMAT;
  /** Steps that were made. */
  readonly step: number;
  readonly file: string;
  /** Of experiment and files, as they were; the lab's checkpoints have none. */
  readonly experimentHash?: string;
  /** How much of metrics.jsonl belongs to it. */
  readonly metricsBytes: number;
  readonly trainingMilliseconds: number;
}

/** An earlier run that is to go on. */
export interface Resumed {
  readonly step: number;
  readonly statePath: string;
  readonly metrics: EarlierMetrics;
  readonly trainingMilliseconds: number;
}

export async function identityOf(experiment: Experiment, files: Readonly<Record<string, string>>): Promise<RunIdentity> {
  const { name, steps, ...rest } = experiment;
  const hashes = await Promise.all(
    Object.entries(files).map(
      async ([name, path]) =>
        [
          name,
          createHash("sha256")
            .update(await readFile(path))
            .digest("hex"),
        ] as const,
    ),
  );
  // As JSON has it: what is undefined is not there.
  return {
    experiment: JSON.parse(JSON.stringify(rest)),
    files: Object.fromEntries(hashes),
    ...(name === undefined ? {} : { name }),
    steps,
  };
}

const hashOf = ({ experiment, files }: RunIdentity): string =>
  createHash("sha256")
    .update(canonical([experiment, files]))
    .digest("hex");

/** JSON with keys in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}

/** Forgets what an earlier run left in the folder: its metrics are about to be written over. */
export async function clearCheckpoints(folder: string): Promise<void> {
  await rm(join(folder, MANIFEST), { force: true });
  await removeStates(folder, null);
}

async function removeStates(folder: string, kept: string | null): Promise<void> {
  for (const name of await readdir(folder)) if (STATE_FILE.test(name) && name !== kept) await rm(join(folder, name), { force: true });
}

export interface CheckpointToSave {
  readonly step: number;
  readonly state: Uint8Array;
  readonly metricsBytes: number;
  readonly trainingMilliseconds: number;
}

/** The metrics must be on the disk before. */
export async function saveCheckpoint(folder: string, identity: RunIdentity, checkpoint: CheckpointToSave): Promise<void> {
  const { step, state, metricsBytes, trainingMilliseconds } = checkpoint;
  const file = `checkpoint-${step}.safetensors`;
  await writeWhole(join(folder, file), state);
  const experimentHash = hashOf(identity);
  const manifest: Manifest = { format: FORMAT, step, file, experimentHash, metricsBytes, trainingMilliseconds, ...identity };
  await writeWhole(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  await removeStates(folder, file);
}

/** The checkpoint in a folder, if it is one of this experiment. */
export async function resumeFrom(folder: string, identity: RunIdentity, steps: number): Promise<Resumed> {
  const manifest = await readManifest(folder);
  if ((manifest.experimentHash ?? hashOf(manifest)) !== hashOf(identity)) {
    const changes = [
      ...differences("", manifest.experiment, identity.experiment),
      ...Object.entries(identity.files).flatMap(([name, hash]) =>
        manifest.files[name] === hash || !(name in manifest.files) ? [] : [`the content of ${name}`],
      ),
    ];
    throw new FathomError(
      "argument",
      `${folder} holds a run of another experiment: ${changes.slice(0, 8).join("; ")}. Only "steps" and "name" may change; begin anew without --resume, or give back what it was`,
      { details: { changes } },
    );
  }
  if (manifest.step > steps)
    throw new FathomError(
      "argument",
      `${folder} holds a run that is at step ${manifest.step}, and ${steps} are asked for; ask for more with --steps`,
    );
  const { step, file, trainingMilliseconds } = manifest;
  return { step, statePath: join(folder, file), metrics: await readMetrics(folder, manifest.metricsBytes), trainingMilliseconds };
}

async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new FathomError(
      "argument",
      `--resume names ${folder}, which has no checkpoint (${(cause as Error).message}); name the --out folder of a run that got as far as saving one`,
      { cause },
    );
  });
  let manifest: Partial<Manifest> | null;
  try {
    manifest = JSON.parse(text) as Partial<Manifest> | null;
  } catch (cause) {
    throw new FathomError("file-format", `${path}: is not JSON`, { cause });
  }
  if (manifest?.format !== FORMAT)
    throw new FathomError("file-format", `${path}: its format is ${JSON.stringify(manifest?.format)}; this version reads "${FORMAT}"`);
  const whole = [manifest.step, manifest.metricsBytes, manifest.trainingMilliseconds].every(
    (value) => typeof value === "number" && value >= 0,
  );
  if (!whole || !STATE_FILE.test(manifest.file ?? "") || !manifest.experiment || !manifest.files)
    throw new FathomError(
      "file-format",
      `${path}: lacks step, file, metricsBytes, experiment or files; it was not written by fathom train`,
    );
  return manifest as Manifest;
}

/** Each key that differs, as `optimizer.momentum was 0.9 and is 0.8`. */
function differences(path: string, before: unknown, now: unknown): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  if (!isObject(before) || !isObject(now) || Array.isArray(before) !== Array.isArray(now))
    return before === now ? [] : [`${path} was ${shown(before)} and is ${shown(now)}`];
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) => {
    const inner = Array.isArray(before) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    return differences(inner, before[key], now[key]);
  });
}

function shown(value: unknown): string {
  const text = value === undefined ? "not there" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
