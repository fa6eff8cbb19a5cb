/** All suites, by the name that `npm run bench -- --suite NAME` takes. */
import { FathomError } from "../../src/core/errors.ts";
import type { SuiteRow } from "../suite.ts";

const ROWS = {
  remedies: {
    about: "what each remedy costs: a training step with it against one of the plain net, on the digits, 64 wide, batch 64",
    load: async () => (await import("./remedies.ts")).remedies,
  },
  benefits: {
    about:
      "what each remedy buys: steps and seconds until a net of 24 layers (32 wide, batch 32) has learned the digits, over five seeds, from weights from which the plain net learns slowly, and from weights from which its gradients vanish",
    method:
      "Each seed trains until the mean loss of ten batches is at most 0.5, and gives up after 600 steps, or after 200 where it still guesses (above 2.25; ln 10 is 2.30); seeds that gave up count as 600. The loss is that of training, with the noise of dropout and stochastic depth on, and without penalties and auxiliary heads. Label smoothing is left out, for its loss is another: of 0.05 it is never below 0.28. Seconds are of those that got there, compiling left out",
    load: async () => (await import("./benefits.ts")).benefits,
  },
  kernels: {
    about:
      "every kernel by itself, over sizes and in every variant that a remedy's step has, against a large copy and a loop of fused multiply-adds in registers; matrix products by every tile, against the one that the engine chooses",
    load: async () => (await import("./kernels.ts")).kernels,
  },
  depth: {
    about:
      "a training step from 10 to 2,000 layers (32 wide, batch 32), layer by layer, as a stack, as the engine chooses, and with checkpoints: time, compile time, memory, dispatches",
    load: async () => (await import("./depth.ts")).depth,
  },
  peers: {
    about: "training steps, matrix products and batch-norm of Fathom, TensorFlow.js and jax-js, in turns, once their numbers agree",
    browserOnly: true,
    load: async () => (await import("./peers.ts")).peers,
  },
} satisfies Record<string, SuiteRow>;

export type SuiteName = keyof typeof ROWS;

export const SUITES: Readonly<Record<SuiteName, SuiteRow>> = ROWS;
export const SUITE_NAMES = Object.keys(ROWS) as readonly SuiteName[];

export function suiteNamed(name: string): SuiteName {
  if (Object.hasOwn(SUITES, name)) return name as SuiteName;
  throw new FathomError("argument", `the command line: there is no suite "${name}"; --suite takes ${SUITE_NAMES.join(", ")}`);
}
