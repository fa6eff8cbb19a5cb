/** How large a net of a link is: as the link asks, and where it asks for nothing as the page itself would have it, on a GPU and on a processor. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { STANDARD } from "../../demo/choices.ts";
import { Lab } from "../../demo/lab.ts";
import { readLink, writeLink } from "../../demo/link.ts";
import { FakeWorker } from "../support/fakeWorker.ts";

const nothing = (): void => {};

beforeEach(() => vi.stubGlobal("Worker", FakeWorker));
afterEach(() => vi.unstubAllGlobals());

class Page {
  hash: string;
  readonly lab: Lab;

  constructor(hash: string) {
    this.hash = hash;
    this.lab = new Lab({
      changed: nothing,
      formFaults: () => [],
      moved: (state) => {
        this.hash = writeLink({ ...state, pins: readLink(this.hash).pins }, this.lab.sized);
      },
      files: nothing,
      weights: nothing,
      state: nothing,
      read: nothing,
    });
    const { sized, ...state } = readLink(hash);
    this.lab.open(state, !sized);
  }

  opened(software: boolean): this {
    FakeWorker.latest.says({ type: "opened", adapter: "an adapter", software });
    return this;
  }

  get sizes(): number[] {
    const { width, batchSize, steps } = this.lab.state.choices;
    return [width, batchSize, steps];
  }
}

const PIN = `&pin=${encodeURIComponent("name=a&depth=3")}`;

describe("a link", () => {
  // Width, batch size and steps on a GPU, and on a processor.
  it.each([
    ["", [64, 64, 500], [64, 64, 250]],
    ["#fathom=1", [64, 64, 500], [64, 64, 250]],
    ["#fathom=1&activation=relu&init=heNormal", [64, 64, 500], [64, 64, 250]],
    ["#fathom=1&depth=200&inside=1", [64, 64, 500], [16, 32, 100]],
    ["#fathom=1&depth=7", [64, 64, 500], [64, 64, 500]],
    ["#fathom=1&steps=500", [64, 64, 500], [64, 64, 500]],
    ["#fathom=1&steps=400", [64, 64, 400], [64, 64, 400]],
    ["#fathom=1&depth=200&width=32", [32, 64, 500], [32, 64, 500]],
    ["#fathom=1&depth=200&batchSize=128", [64, 128, 500], [64, 128, 500]],
    // What is compared is of one size, and another experiment has its own.
    [`#fathom=1${PIN}`, [64, 64, 500], [64, 64, 500]],
    ["#fathom=1&experiment=e30", [64, 64, 500], [64, 64, 500]],
  ])("%j has the size that it asks for, and as often as it is opened", (link, onGpu, onProcessor) => {
    for (const [software, sizes] of [
      [false, onGpu],
      [true, onProcessor],
    ] as const) {
      const early = new Page(link);
      expect(early.sizes).toEqual(onGpu);
      // Reloaded before there was an adapter, and after.
      for (const hash of [link, early.hash]) {
        const page = new Page(hash).opened(software);
        expect(page.sizes, `${hash} ${software}`).toEqual(sizes);
        expect(new Page(page.hash).opened(software).sizes).toEqual(sizes);
        // Where another opens it that has a GPU.
        if (software) expect(new Page(page.hash).opened(false).sizes).toEqual(sizes);
      }
    }
  });

  it("of a GPU stays as it is written there", () => {
    for (const link of ["#fathom=1", "#fathom=1&depth=50", "#fathom=1&steps=400"]) expect(new Page(link).opened(false).hash).toBe(link);
  });

  it("holds the size that somebody sets on a processor, even if it is the standard", () => {
    const page = new Page("").opened(true);
    expect(page.hash).toBe("#fathom=1&steps=250");
    page.lab.choose({ ...STANDARD });
    expect(page.hash).toBe("#fathom=1&steps=500");
    expect(new Page(page.hash).opened(true).lab.state.choices).toEqual(STANDARD);
  });
});
