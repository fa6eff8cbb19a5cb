/** The weights that training begins with: drawn by each parameter's initialiser, and then changed by the structure of the model. */
import { FathomError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import type { Initialization } from "../init/initialization.ts";
import type { Collected } from "../nn/collect.ts";
import type { Child, Module } from "../nn/module.ts";
import type { Arena } from "./arena.ts";

/** Each parameter draws random numbers of its own, so that changing one leaves the others as they were. */
export function initialParameters(
  model: Module,
  { parameters }: Collected,
  arena: Arena,
  seed: number,
  initialization: Initialization | null,
): Float32Array {
  const values = new Float32Array(arena.size);
  for (const [index, { init, shape }] of parameters.entries())
    values.set(init.generate(shape, new Random(seed, "init", { node: index })), arena.segments[index]!.offset);
  for (const [index, { derived, module }] of parameters.entries()) {
    if (!derived) continue;
    const { offset, size, shape } = arena.segments[parameters.findIndex((one) => one.module === module && one.own === derived.from)]!;
    values.set(derived.make(values.subarray(offset, offset + size), shape), arena.segments[index]!.offset);
  }
  if (initialization?.type === "zeroLast" || initialization?.type === "fixup") {
    const blocks = residualBlocks(model);
    const scale = scaler(parameters, arena, values);
    if (initialization.type === "zeroLast") zeroLast(blocks, scale);
    else fixup(model, blocks, scale);
  }
  return values;
}

const residualBlocks = (model: Module): Module[] => modulesOf([{ name: "", module: model }]).filter(({ type }) => type === "residual");

/** Refuses an initialization that would do nothing to this model, or leave it unable to learn. */
export function checkInitialization(model: Module, { type }: Initialization): void {
  const refuse = (why: string, remedy: string): never => {
    throw new FathomError("argument", `train: initialization is init.${type}(), and ${why}; ${remedy}`);
  };
  const all = modulesOf([{ name: "", module: model }], true);
  const standardized = all.find(({ growsWithWeight }) => !growsWithWeight);
  if (type === "lsuv" && !all.some((module) => module.type === "linear"))
    refuse(`the model (${model.description}) has no linear layer to scale`, "give it one, or leave the initialization out");
  if (type !== "zeroLast" && standardized)
    refuse(
      `the outputs of ${standardized.description} do not depend on the size of its weight`,
      'use parametrization "weightNorm", or another initialization',
    );
  if (type === "lsuv") return;
  const blocks = residualBlocks(model);
  if (blocks.length === 0) refuse("the model has no residual block", "give it nn.residual(…), or leave the initialization out");
  // The paper's L counts branches in a chain, and m the layers of one: an inner branch would belong to two, and begin behind a layer of zeros.
  const nesting = blocks.find(({ children }) => modulesOf(children).some((module) => module.type === "residual"));
  if (type === "fixup" && nesting)
    refuse(
      `a residual block lies inside another (${nesting.description}), for which its scaling has no rule`,
      "put the blocks one behind the other, or use init.zeroLast()",
    );
  const closed = blocks
    .flatMap(({ parameters }) => parameters)
    .find(({ role, init }) => role === "residualScale" && init.generate([1], new Random(0, "init"))[0] === 0);
  if (closed)
    refuse(
      "a residual block has the scale rezero, which begins as 0: with its body 0 too neither would ever get a gradient",
      "give the scale another initial, or leave the initialization out",
    );
}

/** Multiplies a module's weight, and its bias where it has one. */
type Scale = (module: Module, weight: number, bias: number) => void;

/** What sets the size of a module's outputs: a norm's scale, that of a weight-normed layer, or the weight itself. */
export function weightName({ parameters }: Module): string | null {
  const of = (role: string): string | undefined => parameters.find((spec) => spec.role === role)?.name;
  return of("normScale") ?? of("weight") ?? null;
}

function scaler(parameters: Collected["parameters"], arena: Arena, values: Float32Array): Scale {
  return (module, weight, bias) => {
    const name = weightName(module);
    for (const [index, spec] of parameters.entries()) {
      if (spec.module !== module || (spec.own !== name && spec.role !== "bias")) continue;
      const { offset, size } = arena.segments[index]!;
      const factor = spec.own === name ? weight : bias;
      if (factor === 0) values.fill(0, offset, offset + size);
      else for (let at = offset; at < offset + size; at++) values[at]! *= factor;
    }
  };
}

function zeroLast(blocks: readonly Module[], scale: Scale): void {
  for (const block of blocks) for (const module of ends(block.children)) scale(module, 0, 0);
}

function fixup(model: Module, blocks: readonly Module[], scale: Scale): void {
  const linearsOf = (children: readonly Child[]): Module[] => modulesOf(children).filter(({ type }) => type === "linear");
  const bodies = blocks
    .map(({ children }) => linearsOf(children.filter(({ name }) => name !== "projection")))
    .filter(({ length }) => length > 0);
  for (const body of bodies)
    for (const [index, module] of body.entries()) {
      const last = index === body.length - 1;
      scale(module, last ? 0 : bodies.length ** (-1 / (2 * body.length - 2)), 0);
    }
  const head = linearsOf([{ name: "", module: model }]).at(-1);
  if (head) scale(head, 0, 0);
}

/** The modules below, in depth order; heads of auxiliary losses are no part of the way to the output, and come only where they are asked for. */
function modulesOf(children: readonly Child[], heads = false): Module[] {
  const found: Module[] = [];
  const stack = [...children].reverse();
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.module.type === "auxiliary" && !heads) continue;
    found.push(top.module);
    stack.push(...[...top.module.children].reverse());
  }
  return found;
}

/** The modules whose parameters are the last before what leaves these children; one for each branch where there are several. */
function ends(children: readonly Child[]): Module[] {
  for (const { name, module } of [...children].reverse()) {
    // What goes past a body, or opens a gate, does not end it.
    if (name === "projection" || name === "gate" || module.type === "auxiliary") continue;
    const inside = module.type === "concat" ? module.children.flatMap((branch) => ends([branch])) : ends(module.children);
    const found = inside.length > 0 || weightName(module) === null ? inside : [module];
    if (found.length > 0) return found;
  }
  return [];
}
