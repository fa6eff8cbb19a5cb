/** How the tensors of a file fit the net. Pure; loaded with the first such file. */
import type { FromWorker } from "./messages.ts";

const MOST_NAMES = 5;

export function loadedText({ name, loaded, missing, unexpected }: Extract<FromWorker, { type: "loaded" }>): string {
  const few = (names: readonly string[]): string =>
    names.slice(0, MOST_NAMES).join(", ") + (names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "");
  return [
    `${name}: ${loaded} tensors were loaded.`,
    missing.length > 0 ? `The file lacks ${few(missing)}, which stay as they were drawn.` : "",
    unexpected.length > 0 ? `Of the file ${few(unexpected)} were left out, which this net does not have.` : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}
