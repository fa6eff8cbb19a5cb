/** What the main thread of a page did, from a trace of the browser: each task's time on the clock and on the processor, and what it was spent on. */
import type { Page } from "puppeteer-core";

export interface Part {
  readonly name: string;
  readonly wall: number;
  readonly processor: number;
}

/** Times are in milliseconds. */
export interface Task extends Part {
  /** Since the trace began. */
  readonly at: number;
  /** What took longest in it, the parts of parts too. */
  readonly parts: readonly Part[];
}

/** An event of the format that chrome://tracing reads; times are in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly data?: { readonly message?: string } };
}

const CATEGORIES = ["toplevel", "devtools.timeline"];
const MOST_PARTS = 5;

/** Traces the browser while `work` runs: the tasks of the page's main thread, in order. `processor` is the thread's own time, which other processes do not lengthen. */
export async function tasksWhile(page: Page, work: () => Promise<void>): Promise<Task[]> {
  // Tells the page's thread from those of others.
  const mark = `tasks of ${crypto.randomUUID()}`;
  await page.tracing.start({ categories: CATEGORIES });
  await page.evaluate((text) => console.timeStamp(text), mark);
  let bytes: Uint8Array | undefined;
  try {
    await work();
  } finally {
    bytes = await page.tracing.stop();
  }
  const { traceEvents } = JSON.parse(new TextDecoder().decode(bytes)) as { traceEvents: TraceEvent[] };
  const marked = traceEvents.find(({ args }) => args?.data?.message === mark);
  if (!marked) throw new Error("the trace does not hold the page's mark");
  return tasksOf(traceEvents.filter(({ ph, pid, tid }) => ph === "X" && pid === marked.pid && tid === marked.tid));
}

/** Events lie within one another; those that lie in none are tasks. */
function tasksOf(events: readonly TraceEvent[]): Task[] {
  const sorted = [...events].sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const tasks: (Task & { parts: Part[] })[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const event of sorted) {
    const part = { name: event.name, wall: (event.dur ?? 0) / 1000, processor: (event.tdur ?? 0) / 1000 };
    if (event.ts >= end) {
      tasks.push({ ...part, at: (event.ts - sorted[0]!.ts) / 1000, parts: [] });
      end = event.ts + (event.dur ?? 0);
    } else tasks.at(-1)!.parts.push(part);
  }
  for (const { parts } of tasks) parts.sort((a, b) => b.wall - a.wall).splice(MOST_PARTS);
  return tasks;
}
