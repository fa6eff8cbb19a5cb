/** What the worker tells of a run goes into its history. */
import type { History } from "./history.ts";
import { PLANE_REACH } from "./messages.ts";
import type { Handlers } from "./session.ts";

const NO_POINTS = { x: new Float32Array(0), y: new Int32Array(0), trained: 0, reach: PLANE_REACH };

type Noted = Pick<Handlers, "evaluated" | "adjusted" | "insight" | "plane" | "readings">;

export const notesOf = (history: () => History, changed: () => void): Noted => ({
  evaluated: ({ type: _type, run: _run, ...seen }) => {
    history().see(seen);
    changed();
  },
  adjusted: ({ mark }) => {
    history().marks.push(mark);
    changed();
  },
  insight: (message) => {
    history().inside.take(message);
    changed();
  },
  plane: ({ cells }) => {
    history().plane = cells;
    // A recording has the plane alone.
    history().points ??= { ...NO_POINTS, patterns: history().choices.data === "parity" };
    changed();
  },
  readings: (readings) => {
    history().readings = readings;
    changed();
  },
});
