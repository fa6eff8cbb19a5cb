/** What a net is called. Pure. */
import { nameOf } from "./choices.ts";
import { MOST_NAME, type Net } from "./link.ts";

/** As its experiment says, where that was written by hand. */
export function nameOfNet({ choices, experiment }: Net): string {
  if (experiment === null) return nameOf(choices);
  try {
    const { name } = JSON.parse(experiment) as { name?: unknown };
    if (typeof name === "string" && name.trim() !== "") return name.slice(0, MOST_NAME);
  } catch {
    // What is wrong with it stands under it.
  }
  return "by hand";
}
