/** The built lab's data, weights, snapshots and recoveries: files are read or refused, nothing is lost with a page or a GPU, and without one it still teaches. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../src/io/index.ts";
import { heardOf, hearWorker } from "../support/heardWorker.ts";
import { images, labels } from "../support/idxFiles.ts";
import { LabPage, type LabSite, labSite, launchBlind } from "../support/labPage.ts";
import { type Held, memoryOf } from "../support/memoryOf.ts";

const TINY = "#fathom=1&depth=2&width=16&activation=tanh&init=glorotUniform&optimizer=momentum&schedule=constant";

let site: LabSite;
let lab: LabPage;
beforeAll(async () => {
  site = await labSite();
});
afterAll(() => site?.close());
afterEach(() => lab.page.close());

async function open(hash = ""): Promise<void> {
  lab = await LabPage.blank(site);
  await hearWorker(lab.page);
  await lab.page.goto(`${site.address}${hash}`);
}
const refusal = async (): Promise<string> => {
  await lab.until("a refusal", async () => (await lab.text("#files-fault")) !== "");
  return lab.text("#files-fault");
};
const trained = async (): Promise<void> => {
  await lab.press("#play");
  await lab.reachPhase("done");
};

describe("files", () => {
  it("that are wrong are refused with what to do, and those that fit are learnt", async () => {
    await open(`${TINY}&steps=40`);
    await lab.reachPhase("idle");
    const wrong: [name: string, content: string | Uint8Array, why: RegExp][] = [
      ["a.csv", "a,b,c\n1,2,x\n1,<b>bad</b>,y\n", /line 3, column 2 \(b\): "<b>bad<\/b>" is no number/],
      ["b.csv", "1,2\n1,2,3\n", /line 2 has 3 columns, and line 1 has 2/],
      ["c.json", '{"format":', /c\.json is not JSON/],
      ["d.json", '{"format":"other"}', /d\.json has the format "other"/],
      [
        "checkpoint.json",
        '{"format":"fathom-run-checkpoint/1","step":3,"file":"s.safetensors","experiment":{}}',
        /names s\.safetensors, which is not among the files/,
      ],
      ["e.safetensors", "short", /cut short: 5 bytes/],
      ["f.png", "x", /f\.png is none of the files/],
      ["train-images-idx3-ubyte", "x", /its images and its labels together/],
    ];
    for (const [name, content, why] of wrong) {
      await lab.drop([name, content]);
      await lab.until(name, async () => why.test(await lab.text("#files-fault")));
      expect(await refusal()).toMatch(why);
    }
    await lab.drop(["train-images-idx3-ubyte", "1234567"], ["train-labels-idx1-ubyte", labels()]);
    await lab.until("bad magic", async () => /bad magic 31 32 33 34/.test(await lab.text("#files-fault")));
    await lab.drop(["train-images-idx3-ubyte", images()], ["train-labels-idx1-ubyte", labels()]);
    await lab.until("pictures", async () => /3 pictures to train and 0 to test, 4 pixels, 10 classes/.test(await lab.text("#files-said")));
    const table = Array.from({ length: 100 }, (_, index) => `${index},${-index},${index < 50 ? "low" : "high"}`).join("\n");
    await lab.drop(["mine.csv", `a,b,kind\n${table}\n`]);
    await lab.until("a table", async () =>
      /80 samples to train and 20 to test, 2 features; 2 classes \(kind\)/.test(await lab.text("#files-said")),
    );
    expect(await lab.page.$eval("#choice-data", (select) => (select as HTMLSelectElement).value)).toBe("own");
    await trained();
    expect((await heardOf(lab.page)).evaluations.at(-1)!.testAccuracy).toBeGreaterThan(0.9);
    await lab.until("readings", async () => /Of 20 test samples/.test(await lab.text("#reading")));
    await lab.drop(["numbers.csv", Array.from({ length: 60 }, (_, index) => `${index},${0.37 * index}`).join("\n")]);
    await lab.until("numbers", async () => /numbers to be learnt/.test(await lab.text("#files-said")));
    await trained();
    expect((await heardOf(lab.page)).evaluations.at(-1)!.testAccuracy).toBeNull();
    expect(lab.complaints).toEqual([]);
  });

  it("are dragged in, one by one or as a folder, which tells of what lies in it and not of what is hidden there or deeper", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fathom-dropped-"));
    mkdirSync(join(folder, "digits", "deeper"), { recursive: true });
    mkdirSync(join(folder, "nothing"));
    const put = (name: string, content: string | Uint8Array): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const own = [put("digits/train-images-idx3-ubyte", images()), put("digits/train-labels-idx1-ubyte", labels())];
    put("nothing/.DS_Store", "hidden");
    put("digits/deeper/notes.txt", "x");
    await open(`${TINY}&steps=4`);
    await lab.reachPhase("idle");
    expect(await lab.dropPaths(join(folder, "nothing"))).toEqual({ classOver: "dropping" });
    await lab.until("emptiness", async () => (await lab.text("#files-fault")) === "The folder holds no file.");
    for (const paths of [[join(folder, "digits")], own]) {
      expect(await lab.dropPaths(...paths)).toEqual({ classOver: "dropping" });
      await lab.until("pictures", async () => /^train-images-idx3-ubyte: 3 pictures to train and 0/.test(await lab.text("#files-said")));
      expect(await lab.text("#files-fault")).toBe("");
      expect(await lab.page.$eval("body", ({ className }) => className)).toBe("");
      await lab.dropPaths(put("broken.csv", "a,b\n1\n"));
      await lab.until("a refusal", async () => /broken\.csv/.test(await lab.text("#files-fault")));
    }
    expect(lab.complaints).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it("of weights start a net, in part where they fit in part, and a drawn digit is read", async () => {
    await open(`${TINY}&steps=150&rate=0.1`);
    await lab.reachPhase("idle");
    await trained();
    const saved = await lab.page.evaluate(async () => {
      let blob: Blob | null = null;
      const plain = URL.createObjectURL;
      URL.createObjectURL = (given) => {
        blob = given as Blob;
        return plain(given);
      };
      HTMLAnchorElement.prototype.click = () => {};
      (document.querySelector("#save-weights") as HTMLButtonElement).click();
      while (!blob) await new Promise((resolve) => setTimeout(resolve, 20));
      return [...new Uint8Array(await (blob as Blob).arrayBuffer())];
    });
    const accuracy = (await heardOf(lab.page)).evaluations.at(-1)!.testAccuracy!;
    await lab.until("the pad", async () => (await lab.page.$(".pad")) !== null);
    await lab.page.$eval(".pad", (pad) => pad.scrollIntoView());
    const box = (await (await lab.page.$(".pad"))!.boundingBox())!;
    const at = (turn: number): [number, number] => [
      box.x + box.width * (0.5 + 0.18 * Math.sin(turn * 2 * Math.PI)),
      box.y + box.height * (0.5 - 0.3 * Math.cos(turn * 2 * Math.PI)),
    ];
    await lab.page.mouse.move(...at(0));
    await lab.page.mouse.down();
    for (let turn = 0; turn <= 1; turn += 1 / 24) await lab.page.mouse.move(...at(turn));
    await lab.page.mouse.up();
    await lab.until("a reading", async () => /^Read as 0/.test(await lab.text("#pad-answer")));
    await lab.page.focus(".pad");
    await lab.page.keyboard.press("Delete");
    await lab.until("an empty pad", async () => /^Draw a digit/.test(await lab.text("#pad-answer")));

    await lab.drop(["weights.safetensors", Uint8Array.from(saved)]);
    await lab.until("the weights", async () => /weights\.safetensors: 6 tensors were loaded\.$/.test(await lab.text("#note")));
    await lab.press("#step");
    await lab.reach(1);
    expect((await heardOf(lab.page)).rows[0]![1]).toBeLessThan(1);
    expect(accuracy).toBeGreaterThan(0.7);
    const part = encodeSafetensors({
      "0.weight": { dtype: "F32", shape: [16, 64], data: new Float32Array(16 * 64) },
      other: { dtype: "F32", shape: [1], data: new Float32Array(1) },
    });
    await lab.drop(["part.safetensors", part]);
    await lab.until("a part", async () => /1 tensors were loaded\. The file lacks 0\.bias.*left out/.test(await lab.text("#note")));
    await lab.drop(["none.safetensors", encodeSafetensors({ other: { dtype: "F32", shape: [1], data: new Float32Array(1) } })]);
    await lab.until("none", async () => /has no tensor that this net has: it holds other/.test(await lab.text("#verdict")));
    expect(lab.complaints).toEqual([]);
  });
});

describe("a run", () => {
  const LONG = `${TINY}&steps=100000&rate=0.001`;

  it("is offered after its page was closed, and goes on bit for bit; it survives its GPU process, and hidden it loses no step", async () => {
    await open(LONG);
    await lab.reachPhase("idle");
    await lab.press("#play");
    await lab.reach(20);
    // As the browser says that the page is hidden.
    await lab.page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    const step = await lab.step();
    await lab.reach(step + 100);
    const first = await heardOf(lab.page);
    expect(first.rows.map(([number]) => number)).toEqual(first.rows.map((_, index) => index));
    await lab.page.close();

    await open();
    await lab.until("the offer", async () => (await lab.text("#offer")) !== "");
    const left = Number(/left at step (\d+) of 100000/.exec(await lab.text("#offer"))![1]);
    expect(left).toBeGreaterThan(20);
    await lab.press("#go-on");
    await lab.reach(first.rows.length + 20);
    const again = await heardOf(lab.page);
    // A page that is being closed may have written one more since.
    const resumed = again.rows[0]![0]!;
    expect(resumed).toBeGreaterThanOrEqual(left);
    expect(again.rows.map(([number]) => number)).toEqual(again.rows.map((_, index) => resumed + index));
    const seenBefore = first.rows.slice(resumed);
    expect(again.rows.slice(0, seenBefore.length)).toEqual(seenBefore);

    const client = await site.browser.target().createCDPSession();
    // It answers by dying.
    void client.send("Browser.crashGpuProcess").catch(() => {});
    await lab.until("a recovery", async () =>
      /lost.*The run went on from step \d+, where its last snapshot was taken\./.test(await lab.text("#note")),
    );
    const from = Number(/from step (\d+)/.exec(await lab.text("#note"))![1]);
    await lab.reach(from + 30);
    const after = await heardOf(lab.page);
    expect(after.rows[0]![0]).toBe(from);
    const same = again.rows.filter(([number]) => number! >= from);
    expect(after.rows.slice(0, same.length)).toEqual(same.slice(0, after.rows.length));
    await lab.press("#reset");
    await lab.reachPhase("idle");
    expect(lab.complaints).toEqual([]);
  });

  it("takes another rate and clip while it goes on, and loses no step", async () => {
    await open(`${TINY}&steps=100000&rate=0.001`);
    await lab.reachPhase("idle");
    await lab.press("#play");
    await lab.reach(50);
    await lab.change("#choice-clip", "globalNorm");
    await lab.change("#choice-rate", "0.002");
    await lab.until("the new rate", async () => (await heardOf(lab.page)).rows.at(-1)![2] === Math.fround(0.002));
    const { rows } = await heardOf(lab.page);
    expect(rows.map(([number]) => number)).toEqual(rows.map((_, index) => index));
    expect(await lab.phase()).toBe("playing");
    expect(lab.complaints).toEqual([]);
  });
});

it("takes no more and more memory, on the page and in the worker", async () => {
  lab = await LabPage.open(site, `${TINY}&steps=100000&rate=0.001`);
  await lab.reachPhase("idle");
  await lab.press("#play");
  await lab.reach(200);
  const held = await memoryOf(lab);
  // What is loaded once, a chart or compiled code, comes in one stretch or two; what is not let go of comes in every one.
  const looks = [await held()];
  for (let stretch = 0; stretch < 5; stretch++) {
    await lab.reach((await lab.step()) + 300);
    looks.push(await held());
  }
  const growths = (name: keyof Held): number[] => looks.slice(1).map((look, index) => look[name] - looks[index]![name]);
  // A report's row is 32 bytes, which 300 of are 10 kB; a report that is not let go of is a kilobyte at least.
  for (const name of ["pageHeap", "workerHeap"] as const)
    expect(Math.min(...growths(name)), `${name}: ${growths(name)}`).toBeLessThan(150_000);
  for (const name of ["gpu", "gpuObjects", "nodes"] as const)
    expect(Math.min(...growths(name)), `${name}: ${growths(name)}`).toBeLessThanOrEqual(0);
  expect(lab.complaints).toEqual([]);
});

it("takes no more memory for a run that comes after others", async () => {
  lab = await LabPage.open(site, `${TINY}&steps=12&inside=1`);
  await lab.reachPhase("idle");
  let held: (() => Promise<Held>) | null = null;
  const looks: Held[] = [];
  for (let run = 0; run < 4; run++) {
    await lab.press("#play");
    await lab.until("a beginning", async () => (await lab.phase()) !== "done");
    await lab.reachPhase("done");
    held ??= await memoryOf(lab);
    looks.push(await held());
  }
  const [, second, , fourth] = looks;
  // A trainer that is not let go of is half a megabyte and thirty objects; how many small buffers are read at once differs.
  expect(fourth!.gpu - second!.gpu).toBeLessThan(200_000);
  expect(fourth!.gpuObjects - second!.gpuObjects).toBeLessThan(20);
  expect(lab.complaints).toEqual([]);
});

describe("without WebGPU", () => {
  let blind: Browser;
  beforeAll(async () => {
    blind = await launchBlind();
  });
  afterAll(() => blind?.close());

  it("says why, and plays what was recorded", async () => {
    lab = await LabPage.open({ browser: blind, address: site.address });
    await lab.reachPhase("unusable");
    expect(await lab.text("#verdict")).toMatch(/WebGPU|GPU adapter/);
    await lab.until("the recordings", async () => /as they were recorded/.test(await lab.text("#note")));
    await lab.press("#stages li:nth-child(1) button");
    await lab.until("a recorded run", async () => (await lab.step()) > 20);
    expect(await lab.text("#note")).toMatch(/^Recorded on .*: nothing is computed here\.$/);
    expect(await lab.ratio()).toBeLessThan(1e-20);
    await lab.reachPhase("done");
    expect(await lab.text("#verdict")).toMatch(/^vanishing/);
    // The browser's own remark.
    expect(lab.complaints.filter((complaint) => !complaint.includes("No available adapters"))).toEqual([]);
  });
});
