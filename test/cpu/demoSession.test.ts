/** The page's end of the lab's worker: a run that does not let go of its device loses it, and what was asked since is not lost. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { FromWorker } from "../../demo/messages.ts";
import { type Handlers, Session } from "../../demo/session.ts";
import { FakeWorker } from "../support/fakeWorker.ts";

const prepared = vi.fn();
const start = (session: Session): void =>
  session.start({ experiment: {}, paused: false, begin: { type: "anew" }, files: [], keep: { id: "a", name: "a", state: {} } });
const types = ({ heard }: FakeWorker): string[] => heard.map(({ type }) => type);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("Worker", FakeWorker);
  FakeWorker.made = [];
  prepared.mockClear();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const sessionOf = (): Session => new Session({ prepared } as unknown as Handlers);
const ready = (run: number): FromWorker => ({
  type: "prepared",
  run,
  weights: [],
  steps: 1,
  classes: null,
  parameters: 1,
  dispatches: 1,
  points: null,
});

it("a run that lets go in time leaves the worker as it is", () => {
  const session = sessionOf();
  start(session);
  session.stop();
  start(session);
  FakeWorker.made[0]!.says({ type: "freed", run: 1 });
  vi.advanceTimersByTime(60_000);
  expect(FakeWorker.made).toHaveLength(1);
  expect(types(FakeWorker.made[0]!)).toEqual(["start", "stop", "start"]);
});

it("a run that does not let go loses its worker, and another one does what was asked since", async () => {
  const session = sessionOf();
  start(session);
  const before = session.check("before");
  session.stop();
  start(session);
  const after = session.check("after");
  session.tell("pause");
  vi.advanceTimersByTime(1900);
  expect(FakeWorker.made).toHaveLength(1);
  vi.advanceTimersByTime(200);
  const [first, second] = FakeWorker.made as [FakeWorker, FakeWorker];
  expect(first.ended).toBe(true);
  expect(types(second)).toEqual(["check", "check", "stop", "start", "pause"]);
  for (const message of second.heard)
    if (message.type === "check") second.says({ ...message, type: "checked", faults: [String(message.experiment)] });
  expect([await before, await after]).toEqual([["before"], ["after"]]);
  second.says(ready(3));
  expect(prepared).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60_000);
  expect(FakeWorker.made).toHaveLength(2);
});

it("each question to the schema has its own answer", async () => {
  const session = sessionOf();
  const [one, two] = [session.check("a"), session.check("b")];
  const [worker] = FakeWorker.made as [FakeWorker];
  worker.says({ type: "checked", id: 2, faults: ["b is wrong"] });
  worker.says({ type: "checked", id: 1, faults: [] });
  expect([await one, await two]).toEqual([[], ["b is wrong"]]);
});
