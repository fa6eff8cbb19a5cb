/** Gathers a session's events into the document that is written, exported and shown. */
import type { BenchEvent, BenchJob, OpenedEnvironment } from "./job.ts";
import { type BenchEnvironment, type BenchResult, FORMAT, type SuiteResult } from "./schema.ts";

/** The other half of the environment. */
export type Around = Omit<BenchEnvironment, keyof OpenedEnvironment | "date">;

export class Collector {
  private readonly suites: SuiteResult[] = [];
  private opened: OpenedEnvironment | null = null;
  private hidden = false;
  private readonly job: BenchJob;

  constructor(job: BenchJob) {
    this.job = job;
  }

  take(event: BenchEvent): void {
    if (event.type === "opened") this.opened = event.environment;
    if (event.type === "suite") this.suites.push(event.result);
    if (event.type === "hidden") this.hidden = true;
  }

  get environment(): OpenedEnvironment | null {
    return this.opened;
  }

  /** Null before an engine was opened. */
  document(command: string, around: Around, date: Date = new Date()): BenchResult | null {
    const { opened, job } = this;
    if (!opened) return null;
    return {
      format: FORMAT,
      environment: { ...opened, ...around, date: date.toISOString() },
      command,
      seed: job.seed,
      quick: job.quick,
      cautions: this.cautions(opened),
      suites: [...this.suites],
    };
  }

  private cautions({ adapterClass, adapter, timerQuantum }: OpenedEnvironment): string[] {
    return [
      ...(adapterClass === "software"
        ? [`${adapter} is a software adapter: it runs on the processor. Only ratios mean something, and they may be others on a GPU.`]
        : []),
      ...(this.hidden
        ? ["The page was hidden for a while as it measured: browsers slow hidden pages down. Measure again in a tab in sight."]
        : []),
      ...(timerQuantum >= 1 ? [`The clock of this browser has steps of ${timerQuantum} ms.`] : []),
      ...(this.job.quick ? ["This was a trial (--quick): small nets and few samples, whose numbers say little."] : []),
    ];
  }
}
