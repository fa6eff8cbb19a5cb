/** The lab where there is no WebGPU: recorded stories play, and what nobody answers is said or out of reach. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { STANDARD } from "../../demo/choices.ts";
import { Lab } from "../../demo/lab.ts";
import { lighter } from "../../demo/lighter.ts";
import type { ToWorker } from "../../demo/messages.ts";
import { STORIES } from "../../demo/stories.ts";
import { FakeWorker } from "../support/fakeWorker.ts";

class WorkerWithoutGpu extends FakeWorker {
  override postMessage(message: ToWorker): void {
    if (message.type === "check") this.says({ type: "checked", id: message.id, faults: ["a fault"] });
  }
}

const PATIENT = { timeout: 20_000 };
const files = vi.fn();
const nothing = (): void => {};

beforeEach(() => {
  vi.stubGlobal("Worker", WorkerWithoutGpu);
  files.mockClear();
});
afterEach(() => vi.unstubAllGlobals());

/** As a page without an address opens. */
async function labWithoutGpu(): Promise<Lab> {
  const lab = new Lab({
    changed: nothing,
    formFaults: () => [],
    moved: nothing,
    files,
    weights: nothing,
    state: nothing,
    read: nothing,
  });
  lab.open({ choices: STANDARD, experiment: null, inside: false }, true);
  WorkerWithoutGpu.latest.says({ type: "unusable", code: "no-webgpu", message: "there is no WebGPU" });
  await vi.waitFor(() => expect(lab.tellsStories).toBe(true), PATIENT);
  return lab;
}

it("begins with a stage that was recorded, whose first steps count though they are asked for early", async () => {
  const lab = await labWithoutGpu();
  expect(lab.canStart).toBe(true);
  lab.step();
  lab.step();
  await vi.waitFor(() => expect(lab.history!.count).toBe(2), PATIENT);
  expect(lab.phase).toBe("paused");
  lab.step();
  expect(lab.history!.count).toBe(3);
  // What was recorded is not what another rate would make.
  lab.choose({ ...lab.state.choices, rate: 0.5 });
  expect([lab.history, lab.canStart]).toEqual([null, false]);
});

it("says what files are of no use for, asks the worker about experiments, and times nothing", async () => {
  const lab = await labWithoutGpu();
  lab.openFiles([new File(["a,b\n1,2\n"], "a.csv")]);
  expect(files).toHaveBeenCalledWith(expect.objectContaining({ message: expect.stringContaining("no WebGPU") }));
  expect(await lab.check("{")).toEqual(["a fault"]);
  expect(lab.atRest).toBe(false);
});

it("shows the plane that was recorded", async () => {
  const lab = await labWithoutGpu();
  lab.choose(lighter(STORIES.find(({ id }) => id === "over-fitting")!.stages[0]!.choices));
  lab.step();
  await vi.waitFor(() => expect(lab.history!.count).toBe(1), PATIENT);
  while (lab.phase === "paused") lab.step();
  expect(lab.phase).toBe("done");
  expect(lab.history!.plane).toHaveLength(48 * 48);
  expect(lab.history!.points).not.toBeNull();
});
