/**
 * Snapshots of runs in the browser's own database, written by the worker: a checkpoint, and the reports that belong to it, in one transaction each.
 * A run is alive while its worker holds the lock of its name, so that another page does not offer to continue it.
 */
import { asked, done, openDatabase } from "./database.ts";
import { BINS } from "./inside.ts";
import type { KeptRun } from "./messages.ts";
import type { Histograms, Part } from "./past.ts";

const DATABASE = "fathom-lab";
/** Runs that ended in their middle and were not asked for again: the latest of them, and the one that was trained longest. */
const MOST_RUNS = 3;
/** So many parts of a run become one, in bounded room. */
const MOST_PARTS = 50;

export interface Snapshot {
  readonly run: KeptRun;
  readonly files: readonly File[];
  readonly checkpoint: Uint8Array;
  /** The last ones. */
  readonly histograms: Histograms | null;
}

/** All of a run: its last snapshot, and what had been seen until there. */
export interface Kept extends Snapshot {
  readonly past: Part | null;
}

const lockOf = (id: string): string => `fathom-run-${id}`;

export class Snapshots {
  private readonly database = openDatabase(DATABASE, (database) => {
    database.createObjectStore("runs", { keyPath: "id" });
    database.createObjectStore("states");
    database.createObjectStore("parts", { autoIncrement: true }).createIndex("id", "id");
  });
  private parts = 0;

  constructor() {
    // Where there is no database, each call says so.
    this.database.catch(() => {});
  }

  /** What was seen is added; the checkpoint replaces the one before. */
  async write({ run, ...state }: Snapshot, part: Part): Promise<void> {
    // Before the transaction, which ends when nothing is asked of it.
    const past = ++this.parts % MOST_PARTS === 0 ? await import("./past.ts") : null;
    const transaction = (await this.database).transaction(["runs", "states", "parts"], "readwrite");
    transaction.objectStore("runs").put(run);
    transaction.objectStore("states").put(state, run.id);
    const parts = transaction.objectStore("parts");
    parts.add({ id: run.id, ...part });
    if (past) {
      const keys = await asked(parts.index("id").getAllKeys(run.id));
      const whole = past.joined(await asked<unknown[]>(parts.index("id").getAll(run.id)));
      for (const key of keys) parts.delete(key);
      parts.add({ id: run.id, ...whole });
    }
    await done(transaction);
  }

  async read(id: string): Promise<Kept | null> {
    const { joined, histogramsOf } = await import("./past.ts");
    const transaction = (await this.database).transaction(["runs", "states", "parts"]);
    const [run, state, parts] = await Promise.all([
      asked<KeptRun | undefined>(transaction.objectStore("runs").get(id)),
      asked<Omit<Snapshot, "run"> | undefined>(transaction.objectStore("states").get(id)),
      asked<unknown[]>(transaction.objectStore("parts").index("id").getAll(id)),
    ]);
    return run && state ? { run, ...state, histograms: histogramsOf(state.histograms, BINS), past: joined(parts) } : null;
  }

  async forget(id: string): Promise<void> {
    const transaction = (await this.database).transaction(["runs", "states", "parts"], "readwrite");
    transaction.objectStore("runs").delete(id);
    transaction.objectStore("states").delete(id);
    const parts = transaction.objectStore("parts");
    for (const key of await asked(parts.index("id").getAllKeys(id))) parts.delete(key);
    await done(transaction);
  }

  /** Runs that nobody trains now, the latest first; forgets all but a few. A page that was just closed may hold its own for a moment more. */
  async list(): Promise<{ readonly idle: KeptRun[]; readonly held: boolean }> {
    // First, for what is written last by a page that is being closed counts.
    const held = new Set((await navigator.locks.query()).held?.map(({ name }) => name));
    const all = await asked<KeptRun[]>((await this.database).transaction("runs").objectStore("runs").getAll());
    const idle = all.filter(({ id }) => !held.has(lockOf(id))).sort((a, b) => b.savedAt - a.savedAt);
    for (const { id } of tooMany(idle)) await this.forget(id);
    return { idle, held: idle.length < all.length };
  }

  /** Until the promise settles. */
  hold(id: string, until: Promise<unknown>): void {
    // Where nothing may be kept, nothing needs to be held.
    const hold = async (): Promise<unknown> => navigator.locks.request(lockOf(id), () => until.catch(() => {}));
    hold().catch(() => {});
  }
}

/** Takes those out of the list that are not to be kept, and returns them. */
function tooMany(idle: KeptRun[]): KeptRun[] {
  const earlier = idle.splice(MOST_RUNS - 1).sort((a, b) => b.milliseconds - a.milliseconds);
  idle.push(...earlier.splice(0, 1));
  return earlier;
}
