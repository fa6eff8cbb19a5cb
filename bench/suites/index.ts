/** All suites, by the name that `npm run bench -- --suite NAME` takes. */
import { FathomError } from "../../src/core/errors.ts";
import type { SuiteRow } from "../suite.ts";

const ROWS = {
  remedies: {
    about: "what each remedy costs: a training step with it against one of the plain net, on the digits, 64 wide, batch 64",
    load: async () => (await import("./remedies.ts")).remedies,
  },
  spine: {
    about: "the training step of deep plain nets, and matrix products",
    load: async () => (await import("./spine.ts")).spine,
  },
} satisfies Record<string, SuiteRow>;

export type SuiteName = keyof typeof ROWS;

export const SUITES: Readonly<Record<SuiteName, SuiteRow>> = ROWS;
export const SUITE_NAMES = Object.keys(ROWS) as readonly SuiteName[];

export function suiteNamed(name: string): SuiteName {
  if (Object.hasOwn(SUITES, name)) return name as SuiteName;
  throw new FathomError("argument", `the command line: there is no suite "${name}"; --suite takes ${SUITE_NAMES.join(", ")}`);
}
