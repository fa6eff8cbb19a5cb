/** What the worker tells of a run goes into its history. */
import type { History } from "./history.ts";
import type { Handlers } from "./session.ts";

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
    changed();
  },
  readings: (readings) => {
    history().readings = readings;
    changed();
  },
});
