/** What the lab shows, compares and takes away, and that everyone can reach it: in the built site, in a real browser. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseExperiment } from "../../src/experiment/index.ts";
import { LabPage, type LabSite, labSite } from "../support/labPage.ts";
import { wrongExperiments } from "../support/wrongExperiments.ts";

const SMALL = "#fathom=1&depth=3&width=8&activation=tanh&init=glorotUniform&data=xor&samples=100&steps=12&inside=1";

let site: LabSite;
beforeAll(async () => {
  site = await labSite();
});
afterAll(() => site?.close());

describe("what the lab shows", () => {
  it("has every layer's insight, which ends and begins again while the run goes on to the same end", async () => {
    const losses: string[][] = [];
    for (const inside of [true, false]) {
      const lab = await LabPage.open(site, inside ? SMALL : SMALL.replace("&inside=1", ""));
      await lab.reachPhase("idle");
      for (let step = 1; step <= 4; step++) {
        await lab.page.keyboard.press("ArrowRight");
        await lab.reach(step);
      }
      await lab.press("#look-inside");
      expect(await lab.page.evaluate(() => location.hash.includes("inside=1"))).toBe(!inside);
      await lab.press("#play");
      await lab.reachPhase("done");
      await lab.openDetails("#loss-table");
      await lab.until("every step", async () => (await lab.rows("#loss-table")).length === 12);
      losses.push((await lab.rows("#loss-table")).map(([, loss]) => loss!));
      if (!inside) {
        await lab.openDetails("#ratio-table");
        await lab.openDetails("#histogram-table");
        await lab.until("ratios of the steps since", async () => (await lab.rows("#ratio-table")).length === 8);
        const [first] = await lab.rows("#ratio-table");
        expect(first!.length).toBe(5);
        for (const ratio of first!.slice(1)) expect(Number(ratio)).toBeGreaterThan(0);
        // Tables are drawn one after another.
        const elements = async (): Promise<number> =>
          (await lab.rows("#histogram-table")).reduce((sum, [, count]) => sum + Number(count), 0);
        await lab.until("the first layer's elements", async () => (await elements()) === 2 * 8);
        await lab.page.$eval("#layer", (slider) => {
          (slider as HTMLInputElement).value = "2";
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        });
        await lab.until("the second layer's elements", async () => (await elements()) === 8 * 8);
      }
      expect(lab.complaints).toEqual([]);
      await lab.page.close();
    }
    expect(losses[0]).toEqual(losses[1]);
  });
});

describe("the first view", () => {
  it("has the story's sentence, Play, the verdict, the loss and the gradient of every layer", async () => {
    const lab = await LabPage.blank(site);
    await lab.page.setViewport({ width: 1280, height: 800 });
    await lab.page.goto(site.address);
    await lab.reachPhase("idle");
    const barHeight = (): Promise<number> => lab.page.$eval(".run", (bar) => (bar as HTMLElement).offsetHeight);
    const before = await barHeight();
    await lab.press("#stages li:nth-child(1) button");
    await lab.until("a remedy", () => lab.page.$eval("#remedy", (button) => !(button as HTMLButtonElement).hidden));
    // The charts below stay where they are.
    expect(await barHeight()).toBe(before);
    await lab.press("#play");
    const always = ["#story-text", "#stages", "#stage-text", "#play"];
    for (const [width, height, shown] of [
      [1280, 800, [...always, "#verdict", "#remedy", "#numbers", "#norms", "#loss"]],
      [1280, 720, [...always, "#verdict", "#remedy", "#numbers", "#norms", "#loss"]],
      [1024, 768, [...always, "#verdict", "#remedy", "#numbers", "#norms", "#loss"]],
      [1920, 1080, [...always, "#verdict", "#remedy", "#numbers", "#norms", "#loss", "#heat", "#net"]],
      // What is below is another thing on a phone.
      [390, 844, [...always, "#progress"]],
    ] as const) {
      await lab.page.setViewport({ width, height });
      const outside = await lab.page.evaluate(
        (selectors) =>
          selectors.filter((selector) => {
            const { top, bottom, left, right, height: tall } = document.querySelector(selector)!.getBoundingClientRect();
            return tall === 0 || top < 0 || left < 0 || bottom > innerHeight || right > innerWidth;
          }),
        shown,
      );
      expect(outside, `${width} × ${height}`).toEqual([]);
      // Sideways nothing scrolls, and curves drawn for the window before are drawn anew.
      const wide = await lab.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(wide, `${width} × ${height}`).toBe(0);
      await lab.page.$eval("#loss", (plot) => plot.scrollIntoView({ block: "end" }));
      await lab.until("curves as wide as their figure", () =>
        lab.page.$eval("#loss", (plot) => plot.querySelector<HTMLElement>(".uplot")?.offsetWidth === plot.clientWidth),
      );
      await lab.page.evaluate(() => scrollTo(0, 0));
    }
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });
});

describe("what can be taken away", () => {
  it("parses: experiment, reports, charts and a report that stands alone and runs nothing", async () => {
    const lab = await LabPage.open(site, SMALL);
    await lab.reachPhase("idle");
    await lab.press("#play");
    await lab.reachPhase("done");
    const name = '<img src=x onerror="alert(1)">';
    await lab.change("#runs input", name);
    const json = await lab.taken("#json");
    expect(parseExperiment(JSON.parse(json.bytes.toString())).steps).toBe(12);
    const csv = (await lab.taken("#csv")).bytes.toString().trim().split("\n");
    // The end is looked at after the last report.
    expect(csv).toHaveLength(14);
    expect(new Set(csv.map((line) => line.split(",").length)).size).toBe(1);
    const png = await lab.taken("#png");
    expect([...png.bytes.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const report = (await lab.taken("#report")).bytes.toString();
    expect(report).not.toContain("<img src=x");
    expect(report).not.toContain("<script");
    expect(report.match(/src="(?!data:image\/png;base64,)/g)).toBeNull();
    expect(report.match(/data:image\/png;base64,[\w+/=]{500,}"/g)!.length).toBeGreaterThan(6);
    expect(report).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });

  it("are links with pinned runs, which are trained where they are opened, side by side", async () => {
    const pin = encodeURIComponent("name=calm&depth=2&width=8&activation=tanh&data=xor&samples=100&steps=12");
    const lab = await LabPage.open(site, `${SMALL}&pin=${pin}`);
    await lab.reachPhase("idle");
    const names = (): Promise<string[]> =>
      lab.page.$$eval("#runs .name", (inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    await lab.until("the pinned run", async () => (await names()).length === 1);
    expect((await lab.rows("#runs"))[0]![2]).toBe("not trained yet");
    await lab.press('#runs button[aria-label="Train calm"]');
    await lab.reachPhase("done");
    await lab.until("its steps", async () => (await lab.rows("#runs"))[0]![2] === "12 of 12");
    await lab.change("#choice-depth", 3);
    await lab.press("#play");
    await lab.reachPhase("done");
    await lab.until("two runs", async () => (await names()).length === 2);
    expect(await lab.text("#runs")).toContain("hidden layers: 2 → 3");
    await lab.press("#time");
    await lab.until("times", async () => /Measured side by side/.test(await lab.text("#verdict")));
    expect((await lab.rows("#runs")).map((row) => /interleaved$/.test(row[7]!))).toEqual([true, true]);
    expect((await lab.rows("#runs"))[1]![8]).toMatch(/^[+−]\d+ %$/);
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });
});

describe("what is opened", () => {
  it("is broken in its experiment: the page says where, by links and by files, and loads the rest", async () => {
    const wrong = wrongExperiments().filter(({ path }) => path !== "" && path !== "format");
    const lab = await LabPage.open(site);
    await lab.reachPhase("idle");
    const few = wrong.filter((_, index) => index % Math.ceil(wrong.length / 10) === 0);
    for (const [index, { json, path }] of few.entries()) {
      const text = JSON.stringify(json);
      if (index % 2 === 0)
        await lab.page.evaluate(
          (hash) => {
            location.hash = hash;
          },
          `#fathom=1&depth=${index + 2}&experiment=${Buffer.from(text).toString("base64url")}`,
        );
      else await lab.drop([`wrong-${index}.json`, text]);
      const place = index % 2 === 0 ? "#experiment-faults" : "#files-fault";
      await lab.until(`what is wrong at ${path}`, async () => (await lab.text(place)).includes(`${path} `));
      expect(await lab.page.$eval("#use-experiment", (button) => (button as HTMLButtonElement).disabled)).toBe(true);
      const depth = await lab.page.$eval("#choice-depth", (input) => (input as HTMLInputElement).value);
      expect(depth).toBe(String(2 + index - (index % 2)));
    }
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });
});

describe("six runs", () => {
  it("are pinned beside each other, each in a colour of its own, and no seventh; their link has the names", async () => {
    const lab = await LabPage.open(site, SMALL.replace("steps=12", "steps=3").replace("&inside=1", ""));
    const full = (): Promise<boolean> => lab.page.$eval("#pin", (button) => (button as HTMLButtonElement).disabled);
    await lab.reachPhase("idle");
    for (let seed = 1; seed <= 6; seed++) {
      await lab.change("#choice-seed", seed);
      await lab.press("#play");
      await lab.until("a run", async () => (await lab.phase()) === "done" && (await lab.rows("#runs")).length === seed);
      if (seed === 6) break;
      await lab.until("a free place", async () => !(await full()));
      await lab.press("#pin");
      await lab.until("the pin", full);
    }
    expect(await full()).toBe(true);
    const colours = await lab.page.$$eval("#runs .swatch", (all) => all.map((swatch) => getComputedStyle(swatch).stroke));
    expect(new Set(colours).size).toBe(6);
    await lab.page.reload();
    await lab.until("the link's runs", async () => (await lab.rows("#runs")).length === 5);
    // As far as they had come.
    await lab.until("their curves", async () => (await lab.rows("#runs")).every((row) => row[2] === "3 of 3"));
    const names = await lab.page.$$eval("#runs .name", (inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    for (const [index, name] of names.entries()) expect(name).toContain(`seed ${index + 1}`);
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });
});

describe("the keyboard", () => {
  it("reaches every control in order, with the focus in sight, and the keys do what the page says", async () => {
    const lab = await LabPage.open(site, SMALL);
    await lab.reachPhase("idle");
    const { keyboard } = lab.page;
    const focused = (): Promise<{ name: string; outlined: boolean }> =>
      lab.page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        // After the last control comes the page itself.
        if (element === document.body) return { name: "", outlined: true };
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return { name: element.id || (element.textContent ?? "").trim(), outlined: outlineStyle !== "none" && outlineWidth !== "0px" };
      });
    await keyboard.press("ArrowRight");
    await lab.reach(1);
    const seen: string[] = [];
    for (let press = 0; press < 120; press++) {
      await keyboard.press("Tab");
      const { name, outlined } = await focused();
      if (name === "" || seen.includes(name)) continue;
      expect(outlined, name).toBe(true);
      seen.push(name);
    }
    for (const id of [
      "story",
      "choice-depth",
      "choice-activation",
      "choice-clip",
      "play",
      "step",
      "show-help",
      "layer",
      "look-inside",
      "json",
    ])
      expect(seen).toContain(id);
    await lab.page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await keyboard.press("ArrowRight");
    await lab.reach(2);
    await keyboard.press("Space");
    await lab.reachPhase("done");
    await keyboard.press("r");
    await lab.reachPhase("idle");
    await keyboard.press("?");
    expect(await lab.page.$eval("#help", (dialog) => (dialog as HTMLDialogElement).open)).toBe(true);
    await keyboard.press("Escape");
    expect(await lab.page.$eval("#help", (dialog) => (dialog as HTMLDialogElement).open)).toBe(false);
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });
});

describe("how it works", () => {
  it("prints and draws the step of the net that the lab is set to", async () => {
    const lab = await LabPage.open(site, `how.html${SMALL}`);
    await lab.until("a compiled step", async () => (await lab.phase()) === "done");
    expect(await lab.text("#net-name")).toContain("3 tanh");
    expect(await lab.text("#graph-text")).toMatch(/= softmaxCrossEntropy\(/);
    const dispatches = Number(/become (\d+) dispatches/.exec(await lab.text("#status"))![1]);
    expect(dispatches).toBeGreaterThan(8);
    expect((await lab.rows("#dispatches")).length).toBe(dispatches);
    expect(await lab.text("#plan-text")).toContain(`${dispatches} dispatches`);
    expect(await lab.page.$eval("header.top a", (link) => (link as HTMLAnchorElement).hash)).toBe(SMALL);
    expect(lab.complaints).toEqual([]);
    await lab.page.close();
  });
});
