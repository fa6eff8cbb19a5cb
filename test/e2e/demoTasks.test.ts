/** The lab's page stays at hand: no task of its main thread is long while 200 layers train as fast as they might, with every chart in sight. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { LabPage, type LabSite, labSite } from "../support/labPage.ts";
import { type Task, tasksWhile } from "../support/mainThreadTasks.ts";
import { putStandIn } from "../support/standInWorker.ts";

/** Milliseconds of the thread's own time: what others do with the processor does not count. */
const MOST = 50;
const SECONDS = 3;
const ATTEMPTS = 3;
const TELLING = { layers: 200, steps: 20_000, before: 9500, rowsPerMessage: 8 };
const LINK = "#fathom=1&depth=200&width=32&activation=relu&skips=residual&inside=1&data=spirals";

let site: LabSite;
beforeAll(async () => {
  site = await labSite({ change: (built) => putStandIn(built, TELLING) });
});
afterAll(() => site?.close());

/** From play on, over the rows of the run before, and until more have come than there is room for. */
async function tasksOfRun(): Promise<Task[]> {
  const lab = await LabPage.tall(site);
  await lab.page.goto(`${site.address}${LINK}`);
  await lab.reachPhase("idle");
  await lab.openDetails("#heat-table");
  const tasks = await tasksWhile(lab.page, async () => {
    await lab.press("#play");
    await lab.reach(TELLING.before);
    await new Promise((resolve) => setTimeout(resolve, 1000 * SECONDS));
    await lab.reach(11_000);
  });
  expect(lab.complaints).toEqual([]);
  await lab.page.close();
  return tasks.sort((a, b) => b.processor - a.processor);
}

it("has no task over 50 ms while 200 layers train, though scales change and rows are let go of", async () => {
  // On a crowded machine the thread's own time grows too, for its caches are others'; what is too long by itself is so every time.
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const tasks = await tasksOfRun();
    const [longest] = tasks;
    console.log(
      `the longest of ${tasks.length} tasks: ${longest!.processor.toFixed(1)} ms of the thread, ${longest!.wall.toFixed(1)} by the clock`,
    );
    expect(tasks.filter(({ parts }) => parts.some(({ name }) => name === "FireAnimationFrame")).length).toBeGreaterThan(20);
    if (longest!.processor < MOST) return;
    if (attempt === ATTEMPTS) expect(longest!.processor, JSON.stringify(tasks.slice(0, 3), null, 1)).toBeLessThan(MOST);
  }
});
