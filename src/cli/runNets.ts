/** Trains nets in a browser, shows how far they are, and writes each one's files as soon as it is through. */
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FathomError } from "../core/errors.ts";
import type { Role } from "../nn/module.ts";
import { diagnose } from "../train/diagnose.ts";
import type { Report } from "../train/report.ts";
import { writeWhole } from "./atomicFile.ts";
import { clearCheckpoints, type Resumed, type RunIdentity, saveCheckpoint } from "./checkpoints.ts";
import { drive } from "./drive.ts";
import { runEnvironment } from "./environment.ts";
import type { ExperimentFile } from "./experimentFile.ts";
import type { BrowserName } from "./findBrowser.ts";
import { MetricsFile, type MetricsLine } from "./metricsFile.ts";
import { Progress, type ProgressOutput } from "./progress.ts";
import type { NetResult, RunResult } from "./results.ts";
import { makeFolder, writeSummary } from "./runFiles.ts";
import type { PageFiles } from "./serve.ts";
import { spread } from "./statistics.ts";
import {
  type ErrorFacts,
  type Job,
  type PageEnvironment,
  type PageEvent,
  readCheckpointName,
  type Scores,
  type StepCounters,
} from "./wire.ts";

export interface NetPlan {
  /** Names its folder on the page's side; unique. */
  readonly name: string;
  readonly title: string;
  readonly experiment: unknown;
  /** Where the files that the experiment names are, by the name it has for them. */
  readonly files: Readonly<Record<string, string>>;
  readonly weights: string | null;
  /** Where its own files go. */
  readonly folder: string;
  /** How it is saved on the way, and what it goes on from; without it the run is made in one piece. */
  readonly checkpoints?: CheckpointPlan;
}

/** A file's net, whose own files go to `folder`. */
export const planOf = ({ json, name, title, files }: ExperimentFile, folder: string, weights: string | null): NetPlan => ({
  name,
  title,
  experiment: json,
  files,
  weights,
  folder,
});

export interface CheckpointPlan {
  readonly identity: RunIdentity;
  /** In steps. */
  readonly every: number | "auto";
  readonly resumed: Resumed | null;
}

export interface RunNetsOptions {
  readonly title: string;
  readonly nets: readonly NetPlan[];
  readonly plain: string | null;
  readonly timing: Job["timing"];
  readonly page: PageFiles;
  readonly browser: BrowserName;
  /** Null: nothing is shown. */
  readonly output: ProgressOutput | null;
  /** Ends everything at once. */
  readonly signal?: AbortSignal;
  /** Asks for an end after a checkpoint; no other files are written then. */
  readonly interrupt?: AbortSignal;
}

/** What the page has told of one net. */
interface Gathered {
  readonly reports: Report[];
  readonly metrics: MetricsFile;
  interruptedAt: number | null;
  compiled: Extract<PageEvent, { type: "compiled" }> | null;
  stopped: ErrorFacts | null;
  scores: Scores | null;
  milliseconds: number | null;
  progress: Progress | null;
}

/** Throws a FathomError (aborted) where it was interrupted; `details.step` says how many steps are made and saved. */
export async function runNets(options: RunNetsOptions): Promise<RunResult> {
  const { nets } = options;
  for (const { folder, checkpoints } of nets) {
    await makeFolder(folder);
    if (!checkpoints?.resumed || !isIn(folder, checkpoints.resumed)) await clearCheckpoints(folder);
  }
  const gathered = new Map(nets.map((net) => [net.name, emptyGathered(net)]));
  try {
    return await runGathering(options, gathered);
  } finally {
    for (const { metrics } of gathered.values()) metrics.close();
  }
}

const isIn = (folder: string, { statePath }: Resumed): boolean => resolve(dirname(statePath)) === resolve(folder);

async function runGathering(options: RunNetsOptions, gathered: ReadonlyMap<string, Gathered>): Promise<RunResult> {
  const { nets, output, signal, interrupt } = options;
  let environment: PageEnvironment | null = null;
  let timed: Extract<PageEvent, { type: "timed" }> | null = null;
  let timing: Progress | null = null;

  const onEvent = (event: PageEvent): void => {
    switch (event.type) {
      case "opened":
        environment = event.environment;
        output?.write(`WebGPU: ${environment.adapter} (${environment.adapterClass})\n`);
        break;
      case "timing":
        timing ??= output && new Progress(output, "time of a step", event.rounds, "round");
        if (event.round === event.rounds) timing?.end(event.round, null);
        else timing?.at(event.round, null);
        break;
      case "timed":
        timed = event;
        break;
      case "compiled":
      case "reports":
      case "stopped":
      case "interrupted":
      case "trained":
        gather(gathered.get(event.net)!, nets.find(({ name }) => name === event.net)!, event, output);
        break;
      case "failed":
      case "done":
        break;
      default:
        event satisfies never;
    }
  };
  const { browserVersion } = await drive({
    page: options.page,
    job: jobOf(options),
    browser: options.browser,
    read: (name) => readGiven(nets, name),
    receive: (name, body) => receiveFile(nets, gathered, name, body),
    onEvent: (event) => onEvent(event as PageEvent),
    ...(signal ? { signal } : {}),
    ...(interrupt ? { interrupt } : {}),
  });
  for (const { interruptedAt: step } of gathered.values())
    if (step !== null) throw new FathomError("aborted", `interrupted after ${step} steps`, { details: { step } });
  if (!environment) throw new FathomError("internal", "the page ended without opening an engine");
  const result: RunResult = {
    title: options.title,
    plain: options.plain,
    environment: runEnvironment(environment, browserVersion),
    nets: nets.map((net) => resultOf(net, gathered.get(net.name)!, timed)),
  };
  for (const [index, net] of result.nets.entries()) await writeSummary(nets[index]!.folder, result, net);
  return result;
}

function emptyGathered({ folder, experiment, checkpoints }: NetPlan): Gathered {
  const { monitor } = experiment as { readonly monitor?: { readonly every?: number } };
  const metrics = new MetricsFile(folder, monitor?.every ?? 1, checkpoints?.resumed?.metrics ?? null);
  return { reports: [], metrics, interruptedAt: null, compiled: null, stopped: null, scores: null, milliseconds: null, progress: null };
}

/** A line of an earlier run as a report again. */
function asReport(line: MetricsLine, roles: Readonly<Record<string, Role>>): Report {
  const layers = line.layers.map((layer) => ({ ...layer, role: roles[layer.name] ?? "weight" }));
  // These two are not written down, and nothing that is made of earlier reports asks for them.
  return { ...line, layers, appliedStep: line.step + 1, skipped: false };
}

function gather(one: Gathered, net: NetPlan, event: Extract<PageEvent, { net: string }>, output: ProgressOutput | null): void {
  switch (event.type) {
    case "compiled":
      one.compiled = event;
      one.reports.push(...(net.checkpoints?.resumed?.metrics.lines ?? []).map((line) => asReport(line, event.roles)));
      one.progress = output && new Progress(output, net.title, event.steps, "step", undefined, event.first);
      break;
    case "reports":
      one.metrics.append(event.reports);
      one.reports.push(...event.reports);
      one.progress?.at(one.reports.at(-1)!.step + 1, one.reports.at(-1)!.loss);
      break;
    case "stopped":
      one.stopped = event.error;
      break;
    case "interrupted":
      one.interruptedAt = event.step;
      one.progress?.end(event.step, one.reports.at(-1)?.loss ?? null, "interrupted");
      break;
    case "trained":
      one.milliseconds = event.milliseconds + (net.checkpoints?.resumed?.trainingMilliseconds ?? 0);
      one.scores = event.scores;
      one.progress?.end((one.reports.at(-1)?.step ?? -1) + 1, one.reports.at(-1)?.loss ?? null, one.stopped ? "stopped: not finite" : "");
      if (one.stopped) output?.write(`  ${one.stopped.message}\n`);
      break;
    default:
      event satisfies never;
  }
}

function jobOf({ nets, timing }: RunNetsOptions): Job {
  return {
    timing,
    nets: nets.map(({ name, experiment, files, weights, checkpoints }) => ({
      name,
      experiment,
      files: Object.fromEntries(Object.keys(files).map((file, index) => [file, `data/given/${name}/${index}`])),
      weightsUrl: weights === null ? null : `data/given/${name}/weights`,
      resumeUrl: checkpoints?.resumed ? `data/given/${name}/state` : null,
      checkpointEvery: checkpoints?.every ?? null,
    })),
  };
}

/** The files that the command names itself, and no others. */
async function readGiven(nets: readonly NetPlan[], request: string): Promise<Uint8Array | undefined> {
  const [kind, name, which] = request.split("/");
  const net = kind === "given" ? nets.find((candidate) => candidate.name === name) : undefined;
  const path =
    which === "weights"
      ? net?.weights
      : which === "state"
        ? net?.checkpoints?.resumed?.statePath
        : Object.values(net?.files ?? {})[Number(which)];
  return path === undefined || path === null ? undefined : readFile(path);
}

async function receiveFile(nets: readonly NetPlan[], gathered: ReadonlyMap<string, Gathered>, name: string, body: Buffer): Promise<void> {
  const checkpoint = readCheckpointName(name);
  const net = nets.find((candidate) => candidate.name === checkpoint?.net || name === `${candidate.name}/weights.safetensors`);
  if (!net || (checkpoint && !net.checkpoints)) throw new FathomError("internal", `the page sent ${name}, which nobody asked for`);
  if (!checkpoint) return writeWhole(join(net.folder, "weights.safetensors"), body);
  const { identity, resumed } = net.checkpoints!;
  const { metrics } = gathered.get(net.name)!;
  metrics.sync();
  await saveCheckpoint(net.folder, identity, {
    step: checkpoint.step,
    state: body,
    metricsBytes: metrics.kept,
    trainingMilliseconds: checkpoint.milliseconds + (resumed?.trainingMilliseconds ?? 0),
  });
}

function resultOf({ name, title, experiment }: NetPlan, one: Gathered, timed: Extract<PageEvent, { type: "timed" }> | null): NetResult {
  const { compiled, reports, stopped } = one;
  const { loss } = experiment as { readonly loss?: string | { readonly type?: string } };
  const lossType = typeof loss === "object" ? loss.type : loss;
  const chance = compiled?.classes && lossType === "softmaxCrossEntropy" ? Math.log(compiled.classes) : null;
  const samples = timed?.samples[name];
  return {
    name,
    title,
    experiment,
    reports,
    scores: one.scores,
    counters: (compiled?.counters as StepCounters | undefined) ?? null,
    parameters: compiled?.parameters ?? null,
    seed: compiled?.seed ?? null,
    verdict: diagnose(reports, { stopped: stopped && whereStopped(stopped), chance }),
    stopped,
    trainingMilliseconds: one.milliseconds,
    stepTime: samples ? { ...spread(samples), stepsInBlock: timed!.stepsInBlock[name]! } : null,
  };
}

function whereStopped({ details, message }: ErrorFacts): { step: number; where: string } {
  const { step, layerName, parameter } = details;
  const where = layerName ? `the output of ${layerName}` : parameter ? `the gradient of ${parameter}` : "the loss";
  return typeof step === "number" ? { step, where } : { step: Number.NaN, where: message };
}
