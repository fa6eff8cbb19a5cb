/** Depth fusion as a trainer asks for it; it is loaded for models that have something to fuse. */
import type { Module } from "../nn/module.ts";
import type { FusedRepeat, TracedRepeat } from "./depthFusion.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import type { TrainerStates } from "./trainerStates.ts";

/** A repeat as stacks, or in words why it stays as it is. */
export type Fuse = (traced: TracedRepeat) => FusedRepeat | string;

export async function loadFusion(
  { adapter }: Runtime,
  { depthFusion: mode, insight, model }: ResolvedOptions,
  { factors, depthChoice: recorded }: TrainerStates,
): Promise<Fuse | null> {
  if (mode === "never") return () => 'depthFusion is "never"';
  if (insight?.activations) return () => "insight looks at each of its activations";
  if (!hasRepeat(model)) return null;
  const { fuseRepeat } = await import("./depthFusion.ts");
  const request = { mode, adapterClass: adapter.class, recorded, frozen: (segment: number) => factors[segment]!.rate === 0 };
  return (traced) => fuseRepeat(request, traced);
}

function hasRepeat(model: Module): boolean {
  const found = [model];
  for (let module = found.pop(); module; module = found.pop()) {
    if (module.type === "repeat") return true;
    found.push(...module.children.map((child) => child.module));
  }
  return false;
}
