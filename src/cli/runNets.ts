/** Trains nets in a browser, shows how far they are, and writes each one's files as soon as it is through. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FathomError } from "../core/errors.ts";
import type { Report } from "../train/report.ts";
import { judge } from "../train/verdict.ts";
import { drive } from "./drive.ts";
import { runEnvironment } from "./environment.ts";
import type { BrowserName } from "./findBrowser.ts";
import { Progress, type ProgressOutput } from "./progress.ts";
import type { NetResult, RunResult } from "./results.ts";
import { makeFolder, writeRun } from "./runFiles.ts";
import type { PageFiles } from "./serve.ts";
import { spread } from "./statistics.ts";
import type { ErrorFacts, Job, PageEnvironment, PageEvent, Scores, StepCounters } from "./wire.ts";

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
  readonly signal: AbortSignal;
}

/** What the page has told of one net. */
interface Gathered {
  readonly reports: Report[];
  compiled: Extract<PageEvent, { type: "compiled" }> | null;
  stopped: ErrorFacts | null;
  scores: Scores | null;
  milliseconds: number | null;
  progress: Progress | null;
}

export async function runNets(options: RunNetsOptions): Promise<RunResult> {
  const { nets, output } = options;
  for (const { folder } of nets) await makeFolder(folder);
  const gathered = new Map(nets.map(({ name }) => [name, emptyGathered()]));
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
    receive: (name, body) => receiveFile(nets, name, body),
    onEvent: (event) => onEvent(event as PageEvent),
    signal: options.signal,
  });
  if (!environment) throw new FathomError("internal", "the page ended without opening an engine");
  const result: RunResult = {
    title: options.title,
    plain: options.plain,
    environment: runEnvironment(environment, browserVersion),
    nets: nets.map((net) => resultOf(net, gathered.get(net.name)!, timed)),
  };
  for (const [index, net] of result.nets.entries()) await writeRun(nets[index]!.folder, result, net);
  return result;
}

const emptyGathered = (): Gathered => ({ reports: [], compiled: null, stopped: null, scores: null, milliseconds: null, progress: null });

function gather(one: Gathered, net: NetPlan, event: Extract<PageEvent, { net: string }>, output: ProgressOutput | null): void {
  switch (event.type) {
    case "compiled":
      one.compiled = event;
      one.progress = output && new Progress(output, net.title, event.steps, "step");
      break;
    case "reports":
      one.reports.push(...event.reports);
      one.progress?.at(one.reports.at(-1)!.step + 1, one.reports.at(-1)!.loss);
      break;
    case "stopped":
      one.stopped = event.error;
      break;
    case "trained":
      one.milliseconds = event.milliseconds;
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
    nets: nets.map(({ name, experiment, files, weights }) => ({
      name,
      experiment,
      files: Object.fromEntries(Object.keys(files).map((file, index) => [file, `data/given/${name}/${index}`])),
      weightsUrl: weights === null ? null : `data/given/${name}/weights`,
    })),
  };
}

/** The files that the command names itself, and no others. */
async function readGiven(nets: readonly NetPlan[], request: string): Promise<Uint8Array | undefined> {
  const [kind, name, which] = request.split("/");
  const net = kind === "given" ? nets.find((candidate) => candidate.name === name) : undefined;
  const path = which === "weights" ? net?.weights : Object.values(net?.files ?? {})[Number(which)];
  return path === undefined || path === null ? undefined : readFile(path);
}

async function receiveFile(nets: readonly NetPlan[], name: string, body: Buffer): Promise<void> {
  const net = nets.find((candidate) => name === `${candidate.name}/weights.safetensors`);
  if (!net) throw new FathomError("internal", `the page sent ${name}, which nobody asked for`);
  await writeFile(join(net.folder, "weights.safetensors"), body);
}

function resultOf({ name, title, experiment }: NetPlan, one: Gathered, timed: Extract<PageEvent, { type: "timed" }> | null): NetResult {
  const { compiled, reports, stopped } = one;
  const { loss } = experiment as { loss?: unknown };
  const chance = compiled?.classes && loss === "softmaxCrossEntropy" ? Math.log(compiled.classes) : null;
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
    verdict: judge(reports, { stopped: stopped && whereStopped(stopped), chance }),
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
