/** `npm start`: the main job from a clone, where the page is built first. */
import { start } from "../src/cli/start.ts";
import { buildPage } from "./buildPage.ts";

export const main = (args: readonly string[]): Promise<number> => start(args, () => buildPage("src/cli/page"));
