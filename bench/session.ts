/** Runs a job, wherever there is WebGPU: in the page, in the headless browser's, and on Dawn in Node. */
import { errorFacts } from "../src/cli/wire.ts";
import type { AdapterFacts } from "../src/gpu/device.ts";
import type { BenchEvent, BenchJob } from "./job.ts";
import { pageClock, timerQuantum } from "./method/clock.ts";
import { openForBenchmark } from "./openEngine.ts";
import { runSuites } from "./runSuites.ts";
import { SUITES, suiteNamed } from "./suites/index.ts";

/** What the session is told of where it runs. */
export interface Surroundings {
  /** `navigator.gpu`, or Dawn's; where it is missing, the error says what to do. */
  readonly gpu: GPU | undefined;
  readonly userAgent: string;
  readonly signal?: AbortSignal;
}

const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** Tells events as they come; `done` or `failed` is the last. What was measured before a stop or a failure is told before it. */
export async function runSession(job: BenchJob, surroundings: Surroundings, tell: (event: BenchEvent) => void): Promise<void> {
  try {
    const suites = job.suites.map((given) => {
      const name = suiteNamed(given);
      return { name, row: SUITES[name] };
    });
    const quantum = timerQuantum();
    const adapter = await introduce(surroundings, quantum, tell);
    const { gpu, ...around } = surroundings;
    const place = { ...around, adapterClass: adapter.class, quantum, clock: pageClock, open: () => openForBenchmark(gpu) };
    await runSuites(suites, job, place, tell);
    tell({ type: "done" });
  } catch (error) {
    tell({ type: "failed", error: errorFacts(error) });
  }
}

/** Tells what adapter there is. */
async function introduce(
  { gpu: api, userAgent }: Surroundings,
  timerQuantum: number,
  tell: (event: BenchEvent) => void,
): Promise<AdapterFacts> {
  const engine = await openForBenchmark(api);
  const { adapter, device } = engine;
  const { class: adapterClass, description, vendor, architecture } = adapter;
  const features = [...device.features].sort();
  const limits = Object.fromEntries(LIMITS.map((name) => [name, device.limits[name]]));
  engine.dispose();
  tell({
    type: "opened",
    environment: { adapter: description, adapterClass, vendor, architecture, features, limits, userAgent, timerQuantum },
  });
  return adapter;
}
