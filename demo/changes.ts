/** What was changed of a run while it ran, in words. Pure. */
import type { Mark } from "./messages.ts";

export const looking = (inside: boolean): string => (inside ? "looks inside" : "looks inside no more");

/** "rate 0.5 from step 12"; nothing where it trained as its settings say. That it was looked into changes nothing. */
export const changesOf = (marks: readonly Mark[]): string =>
  marks
    .filter(({ text }) => text !== looking(true) && text !== looking(false))
    .map(({ step, text }) => `${text} from step ${step}`)
    .join("; ");
