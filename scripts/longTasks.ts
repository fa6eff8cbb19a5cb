/**
 * What keeps the lab's page busy while a net of 200 layers trains, all charts in sight: `npm run tasks -- [--seconds N] [--depth N] [--steps N] [--data NAME]`.
 * Prints the longest tasks of its main thread, by the clock and by the thread's own time: what a task takes only because others have the processor is no fault of the page.
 */
import { parseArgs } from "node:util";
import { LabPage, labSite } from "../test/support/labPage.ts";
import { type Task, tasksWhile } from "../test/support/mainThreadTasks.ts";

const MOST = 50;
const SHOWN = 8;

const linkOf = (depth: string, steps: string, data: string): string =>
  `#fathom=1&depth=${depth}&width=16&batchSize=32&activation=relu&init=heNormal&normalisation=batchNorm&skips=residual&clip=globalNorm&rate=0.05&steps=${steps}&data=${data}&inside=1`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "30" },
      depth: { type: "string", default: "200" },
      steps: { type: "string", default: "10000" },
      data: { type: "string", default: "digits" },
    },
  });
  const site = await labSite();
  const lab = await LabPage.tall(site);
  await lab.page.evaluateOnNewDocument(() => {
    const scope = globalThis as unknown as { long: number[]; gap: number };
    scope.long = [];
    new PerformanceObserver((list) => scope.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
    scope.gap = 0;
    const { port1, port2 } = new MessageChannel();
    let before = performance.now();
    port1.onmessage = () => {
      const now = performance.now();
      scope.gap = Math.max(scope.gap, now - before);
      before = now;
      setTimeout(() => {
        before = performance.now();
        port2.postMessage(null);
      }, 20);
    };
    port2.postMessage(null);
  });
  const sections: [string, () => Promise<void>][] = [
    [
      "opening the page",
      async () => {
        await lab.page.goto(`${site.address}${linkOf(values.depth, values.steps, values.data)}`);
        await lab.reachPhase("idle");
      },
    ],
    [
      "to the first step",
      async () => {
        await lab.press("#play");
        await lab.reach(1);
      },
    ],
    [
      `training for ${values.seconds} s`,
      async () => {
        const [began, before] = [Date.now(), await lab.step()];
        await new Promise((resolve) => setTimeout(resolve, 1000 * Number(values.seconds)));
        console.log(`${((1000 * ((await lab.step()) - before)) / (Date.now() - began)).toFixed(1)} steps a second`);
      },
    ],
  ];
  let over = 0;
  for (const [name, work] of sections) {
    const tasks = await tasksWhile(lab.page, work);
    print(name, tasks);
    over += tasks.filter(({ processor }) => processor > MOST).length;
  }
  const { long, gap } = await lab.page.evaluate(() => {
    const { long, gap } = globalThis as unknown as { long: number[]; gap: number };
    return { long, gap };
  });
  console.log(
    `long tasks that the page itself saw: ${long.length} (${long.map((one) => `${one.toFixed(0)} ms`).join(", ")}); longest wait for a message ${gap.toFixed(0)} ms`,
  );
  await site.close();
  return over > 0 ? 1 : 0;
}

const text = ({ name, wall, processor }: Pick<Task, "name" | "wall" | "processor">): string =>
  `${name} ${wall.toFixed(1)} (${processor.toFixed(1)})`;

function print(name: string, tasks: readonly Task[]): void {
  const over = (key: "wall" | "processor"): number => tasks.filter((task) => task[key] > MOST).length;
  const busy = tasks.reduce((sum, { processor }) => sum + processor, 0);
  console.log(
    `\n${name}: ${tasks.length} tasks, ${(busy / 1000).toFixed(2)} s of the thread; over ${MOST} ms: ${over("wall")} by the clock, ${over("processor")} by the thread's own time`,
  );
  for (const key of ["wall", "processor"] as const) {
    console.log(`  the longest by ${key === "wall" ? "the clock" : "the thread's own time"}; ms by the clock (and of the thread)`);
    for (const task of [...tasks].sort((a, b) => b[key] - a[key]).slice(0, SHOWN))
      console.log(`  ${(task.at / 1000).toFixed(2).padStart(7)} s: ${text(task)}: ${task.parts.map(text).join(", ")}`);
  }
}
