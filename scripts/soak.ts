/**
 * Lets the built lab train for long, and records what page, worker and GPU hold: `npm run soak -- [--minutes N] [--every SECONDS] [--link '#fathom=1&…'] [--out FILE]`.
 * Prints a line for each look, and slopes at the end: over all looks but the first tenth, in which things are loaded and compiled, and over the second half.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { LabPage, labSite } from "../test/support/labPage.ts";
import { type Held, memoryOf, slopeOf } from "../test/support/memoryOf.ts";

/** Thirty layers that stay healthy, looked inside, with every chart in sight. */
const LINK =
  "#fathom=1&depth=30&width=16&batchSize=32&activation=relu&init=heNormal&normalisation=batchNorm&skips=residual&rate=0.001&steps=100000&inside=1";

type Look = Held & { readonly seconds: number; readonly step: number };

const NAMES = ["pageHeap", "pageArrays", "workerHeap", "workerArrays", "gpu", "gpuObjects", "nodes"] as const satisfies (keyof Held)[];

export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "2" },
      every: { type: "string", default: "15" },
      link: { type: "string", default: LINK },
      out: { type: "string" },
    },
  });
  const site = await labSite();
  const lab = await LabPage.tall(site);
  await lab.page.goto(`${site.address}${values.link}`);
  await lab.reachPhase("idle");
  await lab.press("#play");
  await lab.reach(1);
  const held = await memoryOf(lab);
  const began = Date.now();
  const looks: Look[] = [];
  console.log(["seconds", "step", ...NAMES].join("\t"));
  while (Date.now() - began < 60_000 * Number(values.minutes)) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(values.every)));
    // A run that came to its end begins again, as a user would have it.
    if ((await lab.phase()) === "done") await lab.press("#play");
    const look = { seconds: (Date.now() - began) / 1000, step: await lab.step(), ...(await held()) };
    looks.push(look);
    console.log([look.seconds.toFixed(0), look.step, ...NAMES.map((name) => look[name])].join("\t"));
  }
  for (const [text, from] of [
    ["without the first tenth", 0.1],
    ["second half", 0.5],
  ] as const) {
    const some = looks.slice(Math.floor(from * looks.length));
    console.log(`\nslopes, ${text} (${some.length} looks): per minute, from where to where`);
    for (const name of NAMES) {
      const slope = 60 * slopeOf(some.map((look) => [look.seconds, look[name]]));
      console.log(`  ${name}: ${slope.toFixed(1)}, ${some[0]![name]} to ${some.at(-1)![name]}`);
    }
  }
  if (lab.complaints.length > 0) console.log(`the page complained: ${lab.complaints.join("; ")}`);
  if (values.out) writeFileSync(values.out, `${JSON.stringify({ link: values.link, looks }, null, 1)}\n`);
  await site.close();
}
