/** What every build of Fathom does to its sources. */
import type { Plugin } from "vite";
import { smallShaders } from "./smallShaders.ts";
import { withoutReferences } from "./withoutReferences.ts";

export const buildPlugins = (): Plugin[] => [withoutReferences(), smallShaders()];
