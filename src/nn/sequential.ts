/** Modules one after another, and a body repeated; a list of thousands is walked by a loop. */
import { checkInteger, checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { type Child, defineModule, type ForwardContext, isModule, type Module } from "./module.ts";

/** Names entries by their position, as nn.Sequential does. */
export function numbered(what: string, modules: readonly unknown[]): Child[] {
  return modules.map((module, index) => {
    if (!isModule(module))
      throw new FathomError("argument", `${what}: entry ${index} is ${show(module)}; pass modules such as nn.linear(64, 10)`);
    return { name: String(index), module };
  });
}

/** Modules, and behind them perhaps an object of options. */
export function splitOptions<O extends object>(
  entries: readonly (Module | O)[],
): { readonly modules: readonly unknown[]; readonly options: Partial<O> } {
  const last = entries.at(-1);
  if (entries.length === 0 || isModule(last)) return { modules: entries, options: {} };
  return { modules: entries.slice(0, -1), options: last as O };
}

/** Whether a module hands on as many features as it gets, whatever their number. */
const keepsWidth = (module: Module): boolean => module.takes === null && module.gives(1) === 1;

export interface Chain {
  readonly takes: number | null;
  gives(features: number | null): number | null;
  forward(x: Tensor, context: ForwardContext): Tensor;
}

export interface CheckpointOptions {
  /**
   * Keeps the activations between every so many entries or rounds only; the backward pass computes the others again, from the last that was
   * kept (Chen et al., 2016; PyTorch's checkpoint_sequential, whose argument is the number of segments instead). About √(entries) takes least
   * memory: it then grows with the root of the depth, for up to one more forward pass. What is trained stays the same, bit for bit.
   */
  readonly checkpoint?: number;
}

/** Runs the children `every` at a time; what the last of them make is wanted as soon as the backward pass begins, and is kept. */
function inSegments(children: readonly Child[], every: number, x: Tensor, context: ForwardContext): Tensor {
  let y = x;
  for (let begin = 0; begin < children.length; begin += every) {
    const segment = children.slice(begin, begin + every);
    const run = (from: Tensor): Tensor => segment.reduce((z, child) => context.run(child, z), from);
    y = begin + every < children.length ? context.recomputed(run, y) : run(y);
  }
  return y;
}

/** The children one after another; refuses neighbours whose widths do not fit. */
export function chain(what: string, children: readonly Child[], { checkpoint }: CheckpointOptions = {}): Chain {
  const every = checkpoint === undefined ? children.length : checkInteger(what, "checkpoint", checkpoint, 1);
  const gives = (features: number | null): number | null => children.reduce((width, { module }) => module.gives(width), features);
  let takes: number | null = null;
  for (const { module } of children) {
    takes = module.takes;
    if (!keepsWidth(module)) break;
  }
  let width = takes;
  for (const [index, { name, module }] of children.entries()) {
    if (module.takes !== null && width !== null && module.takes !== width)
      throw new FathomError(
        "shape",
        `${what}: entry ${name} (${module.description}) takes ${module.takes} features, and entry ${index - 1} (${children[index - 1]!.module.description}) gives ${width}`,
      );
    width = module.gives(width);
  }
  return { takes, gives, forward: (x, context) => inSegments(children, Math.max(1, every), x, context) };
}

/** One after another; names as nn.Sequential's: `0.weight`, `1.weight`, … Options may follow the modules. */
export function sequential(...entries: readonly (Module | CheckpointOptions)[]): Module {
  const last = entries.at(-1);
  // Anything else that is no module is refused as an entry.
  const hasOptions = typeof last === "object" && last !== null && Object.keys(last).every((key) => key === "checkpoint");
  const { modules, options } = hasOptions ? splitOptions<CheckpointOptions>(entries) : { modules: entries, options: {} };
  checkOptions("nn.sequential", options, ["checkpoint"]);
  const children = numbered("nn.sequential", modules);
  return defineModule({
    type: "sequential",
    description: `sequential of ${children.length}`,
    children,
    ...chain("nn.sequential", children, options),
  });
}

/** The rounds that a factory makes, each a sequential with modules of its own. */
export function roundsOf(what: string, times: number, factory: RoundFactory): Child[] {
  checkInteger(what, "times", times);
  if (typeof factory !== "function")
    throw new FathomError(
      "argument",
      `${what}: takes a function that makes a new body for each round, such as () => nn.linear(64, 64); got ${show(factory)}`,
    );
  const seen = new Set<Module>();
  const rounds = Array.from({ length: times }, (_, round) => {
    const made = factory(round);
    const body = Array.isArray(made) ? (made as readonly Module[]) : [made as Module];
    for (const module of body) {
      if (seen.has(module))
        throw new FathomError(
          "argument",
          `${what}: round ${round} is the same module as an earlier one (${module.description}); make it inside the function, so that each round has its own`,
        );
      seen.add(module);
    }
    return sequential(...body);
  });
  return numbered(what, rounds);
}

/** Makes the body of round `round`, counted from 0. */
export type RoundFactory = (round: number) => Module | readonly Module[];

/**
 * `times` rounds of what `factory` makes, each with parameters of its own. Always wrapped: entry b of round r is `r.b`, also for one
 * round and a body of one. The factory is told the round, from 0: what is to grow or shrink with depth can be computed from it.
 */
export function repeat(times: number, factory: RoundFactory, options: CheckpointOptions = {}): Module {
  checkOptions("nn.repeat", options, ["checkpoint"]);
  const children = roundsOf("nn.repeat", times, factory);
  return defineModule({ type: "repeat", description: `repeat × ${times}`, children, ...chain("nn.repeat", children, options) });
}
