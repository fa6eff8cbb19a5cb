/** What pinned runs reported, in a database of the browser, by what they were trained with: their curves outlive the page. Loaded with the first pin. */
import { CHOICE_NAMES } from "./choices.ts";
import { asked, done, openDatabase } from "./database.ts";
import { experimentOf } from "./experimentOf.ts";
import { History } from "./history.ts";
import { compact, type Net } from "./link.ts";

const DATABASE = "fathom-pins";
const STORE = "pins";
/** As many as four links hold. */
const MOST_KEPT = 24;

/** A run, or one to be found, with what was changed on its way. */
export interface Pinned extends Net {
  readonly name: string;
  readonly changed: string;
}

type Told = Pick<
  History,
  "weights" | "steps" | "dispatches" | "parameters" | "classes" | "allRows" | "milliseconds" | "evaluations" | "marks"
>;
type Kept = Told & { readonly key: string; readonly savedAt: number };

/** Null where the settings do not say what was trained on. */
function keyOf({ choices, experiment, changed }: Pinned): string | null {
  if (choices.data === "own" && experiment === null) return null;
  return JSON.stringify([CHOICE_NAMES.map((name) => choices[name]), experiment && compact(experiment), changed]);
}

async function storeOf(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const database = await openDatabase(DATABASE, (made) =>
    made.createObjectStore(STORE, { keyPath: "key" }).createIndex("savedAt", "savedAt"),
  );
  return database.transaction(STORE, mode).objectStore(STORE);
}

export async function keep(pinned: Pinned, history: History): Promise<void> {
  const key = keyOf(pinned);
  if (key === null || history.count === 0) return;
  const { weights, steps, dispatches, parameters, classes, milliseconds, evaluations, marks } = history;
  // A copy, for the store of rows is larger and goes on.
  const allRows = history.allRows.slice();
  const store = await storeOf("readwrite");
  const kept: Kept = {
    key,
    savedAt: Date.now(),
    weights,
    steps,
    dispatches,
    parameters,
    classes,
    allRows,
    milliseconds,
    evaluations,
    marks: [...marks],
  };
  store.put(kept);
  const all = await asked(store.index("savedAt").getAllKeys());
  for (const old of all.slice(0, -MOST_KEPT)) store.delete(old);
  await done(store.transaction);
  store.transaction.db.close();
}

/** Null where there is none. */
export async function find(pinned: Pinned): Promise<History | null> {
  const key = keyOf(pinned);
  if (key === null) return null;
  const store = await storeOf("readonly");
  const kept = await asked<Kept | undefined>(store.get(key));
  store.transaction.db.close();
  if (!kept) return null;
  const { allRows: rows, milliseconds, evaluations, marks, weights, steps, dispatches, parameters, classes } = kept;
  const history = new History(pinned.name, pinned.choices, pinned.experiment ?? experimentOf(pinned.choices, pinned.name));
  history.prepare({ type: "prepared", run: 0, weights, steps, dispatches, parameters, classes, points: null });
  history.restore({ rows, milliseconds, evaluations, marks });
  return history;
}
