/** All suites, by the name that `npm run bench -- --suite NAME` takes. */
import type { Suite } from "../suite.ts";
import { spine } from "./spine.ts";

export const SUITES = { spine } as const satisfies Record<string, Suite>;

export type SuiteName = keyof typeof SUITES;
