/** The lab is open to everyone: axe finds nothing serious in any page and any state, light or dark, and the keyboard alone does all that there is to do. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LabPage, type LabSite, labSite, launchBlind } from "../support/labPage.ts";

const SMALL = "#fathom=1&depth=3&width=8&activation=tanh&init=glorotUniform&data=xor&samples=100&steps=12";
const TABLES = ["norms", "heat", "loss", "accuracy", "layers", "ratio", "saturation", "histogram"];
const pin = (name: string): string => `&pin=${encodeURIComponent(`name=${name}&depth=2&width=8&data=xor&samples=100&steps=12`)}`;

let site: LabSite;
beforeAll(async () => {
  site = await labSite();
});
afterAll(() => site?.close());

/** Nothing is found, and nothing complained of. */
async function accept(lab: LabPage, what: string): Promise<void> {
  expect(await lab.findings(), what).toEqual([]);
  expect(lab.complaints, what).toEqual([]);
}

async function accepted(what: string, path: string, reach: (lab: LabPage) => Promise<void> = async () => {}): Promise<void> {
  const lab = await LabPage.open(site, path);
  await reach(lab);
  await accept(lab, what);
  await lab.page.close();
}

const train = async (lab: LabPage): Promise<void> => {
  await lab.reachPhase("idle");
  await lab.press("#play");
  await lab.reachPhase("done");
};

describe("axe finds nothing serious", () => {
  it.each(["formulas.html", "format.html", "verdicts.html", "benchmarks.html"])("in %s", (name) => accepted(name, name));

  it("in how a net works", () =>
    accepted("how", `how.html${SMALL}`, async (lab) => {
      await lab.until("a compiled step", async () => (await lab.phase()) === "done");
      await lab.page.$$eval("#shown details", (all) => {
        for (const details of all) (details as HTMLDetailsElement).open = true;
      });
    }));

  it("in a run with all of its tables, compared with one that is trained and one that waits, and in the keys", () =>
    accepted("keys", `${SMALL}&inside=1${pin("waits")}`, async (lab) => {
      await train(lab);
      await lab.press("#pin");
      for (const table of TABLES) await lab.openDetails(`#${table}-table`);
      await lab.until("a table of ratios", async () => (await lab.rows("#ratio-table")).length === 12);
      expect((await lab.rows("#runs")).length).toBe(2);
      await accept(lab, "compare");
      await lab.press("#show-help");
    }));

  it("in what the digits are read as, wrongly and rightly, and in the pad", () =>
    accepted(
      "digits",
      "#fathom=1&depth=1&width=16&activation=tanh&init=glorotUniform&steps=40&rate=0.1&optimizer=momentum&schedule=constant",
      async (lab) => {
        await train(lab);
        await lab.until("the pad", async () => (await lab.page.$(".pad")) !== null);
        expect((await lab.page.$$(".confusion .off")).length).toBeGreaterThan(0);
      },
    ));

  it("in faults of a link, of a control, of the editor and of a file", () => {
    const experiment = Buffer.from('{"format":"fathom-experiment/1","seed":-1}').toString("base64url");
    return accepted("faults", `#fathom=1&width=9000&experiment=${experiment}`, async (lab) => {
      await lab.reachPhase("idle");
      await lab.until("the schema's faults", async () => (await lab.page.$$("#experiment-faults li")).length > 1);
      await lab.change("#choice-rate", 90);
      await lab.drop(["f.png", "x"]);
      await lab.until("a refusal", async () => (await lab.text("#files-fault")) !== "");
      await lab.until("the control's fault", async () => (await lab.text("#choice-rate-fault")) !== "");
    });
  });

  it("in the offer to go on, and in a run that goes on elsewhere", async () => {
    const first = await LabPage.open(site, SMALL.replace("steps=12", "steps=100000"));
    await first.reachPhase("idle");
    await first.press("#step");
    await first.reach(1);
    await first.press("#step");
    await first.reach(2);
    // As the browser says that the page is hidden.
    await first.page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await first.until("a snapshot", async () => (await first.keptStep()) === 2);
    await first.page.close();
    await accepted("offer", "", async (lab) => {
      await lab.reachPhase("idle");
      await lab.until("the offer", async () => (await lab.page.$("#go-on")) !== null);
    });
  });

  it("where there is no WebGPU", async () => {
    const blind = await launchBlind();
    const lab = await LabPage.open({ browser: blind, address: site.address });
    await lab.reachPhase("unusable");
    await lab.until("the recordings", async () => /as they were recorded/.test(await lab.text("#note")));
    expect(await lab.findings()).toEqual([]);
    await blind.close();
  });
});

describe("the keyboard alone", () => {
  /** By Tab until the element has the focus, which is in sight. */
  async function tabTo({ page }: LabPage, selector: string): Promise<void> {
    for (let press = 0; press < 200; press++) {
      await page.keyboard.press("Tab");
      const [there, outlined] = await page.evaluate((wanted) => {
        const element = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return [element.matches(wanted), outlineStyle !== "none" && outlineWidth !== "0px"] as const;
      }, selector);
      if (!there) continue;
      expect(outlined, selector).toBe(true);
      return;
    }
    throw new Error(`Tab does not come to ${selector}`);
  }

  async function write({ page }: LabPage, text: string): Promise<void> {
    await page.keyboard.down("Control");
    await page.keyboard.press("a");
    await page.keyboard.up("Control");
    await page.keyboard.sendCharacter(text);
  }

  it("builds, plays, pins, changes, compares, shares and edits", async () => {
    const lab = await LabPage.open(site, SMALL);
    const { keyboard } = lab.page;
    await lab.reachPhase("idle");
    await tabTo(lab, "#choice-depth");
    await write(lab, "2");
    await keyboard.press("Tab");
    await tabTo(lab, "#play");
    await keyboard.press("Enter");
    await lab.reachPhase("done");
    await tabTo(lab, "#pin");
    await keyboard.press("Space");
    await lab.until("the pin", async () => (await lab.page.evaluate(() => location.hash)).includes("pin="));

    await tabTo(lab, "#choice-activation");
    await keyboard.press("ArrowDown");
    expect(await lab.page.$eval("#choice-activation", (select) => (select as HTMLSelectElement).value)).toBe("relu");
    await tabTo(lab, "#play");
    await keyboard.press("Enter");
    await lab.reachPhase("done");
    await lab.until("two runs", async () => (await lab.rows("#runs")).length === 2);
    expect(await lab.text("#runs")).toContain("activation: tanh → ReLU");
    await tabTo(lab, "#runs .name");
    await write(lab, "mine");
    await keyboard.press("Tab");
    const hash = await lab.page.evaluate(() => location.hash);
    expect(hash).toContain("activation=relu");
    expect(hash).toContain("name%3Dmine");
    await tabTo(lab, "#json");
    await tabTo(lab, "#layer");
    await keyboard.press("ArrowRight");
    await lab.until("the second layer", async () => /^Layer 2 of 3/.test(await lab.text("#layer-text")));

    await tabTo(lab, "#editor summary");
    await keyboard.press("Enter");
    await tabTo(lab, "#experiment");
    const given = await lab.page.$eval("#experiment", (area) => (area as HTMLTextAreaElement).value);
    await write(lab, given.replace('"seed": 7', '"seed": 8'));
    const mayUse = (): Promise<boolean> => lab.page.$eval("#use-experiment", (button) => !(button as HTMLButtonElement).disabled);
    await lab.until("a checked experiment", mayUse);
    await tabTo(lab, "#use-experiment");
    await keyboard.press("Enter");
    await lab.until("its use", async () => (await lab.page.evaluate(() => location.hash)).includes("experiment="));
    await tabTo(lab, "#play");
    await keyboard.press("Enter");
    await lab.reachPhase("done");
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });

  it("draws a digit", async () => {
    const lab = await LabPage.open(
      site,
      "#fathom=1&depth=1&width=32&activation=tanh&init=glorotUniform&steps=120&rate=0.1&optimizer=momentum&schedule=constant",
    );
    const { keyboard } = lab.page;
    await train(lab);
    await lab.until("the pad", async () => (await lab.page.$(".pad")) !== null);
    await tabTo(lab, ".pad");
    await keyboard.press("Space");
    for (let step = 0; step < 8; step++) await keyboard.press("ArrowDown");
    await keyboard.press("Space");
    // With the pen up: no ink.
    await keyboard.press("ArrowLeft");
    await lab.until("a reading", async () => /^Read as 1/.test(await lab.text("#pad-answer")));
    expect(await lab.phase()).toBe("done");
    await keyboard.press("Delete");
    await lab.until("an empty pad", async () => /^Draw a digit/.test(await lab.text("#pad-answer")));
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });
});
