/** Depth fusion as a trainer asks for it; it is loaded for models that have something to fuse. */
import type { Module } from "../nn/module.ts";
import { wins } from "./depthChoice.ts";
import type { FusedRepeat, TracedRepeat } from "./depthFusion.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import type { TrainerStates } from "./trainerStates.ts";

/** A repeat as stacks, or in words why it stays as it is. */
export type Fuse = (traced: TracedRepeat) => FusedRepeat | string;

export async function loadFusion(
  { adapter }: Runtime,
  { depthFusion: mode, insight, model, statistics: checks }: ResolvedOptions,
  { factors, depthChoice: recorded }: TrainerStates,
): Promise<Fuse | null> {
  if (mode === "never") return () => 'depthFusion is "never"';
  if (insight?.activations) return () => "insight looks at each of its activations";
  const { repeats, linears } = countsOf(model);
  if (repeats === 0) return null;
  const reason = mode === "auto" ? whyNone(adapter.class, linears, recorded) : null;
  if (reason !== null) return () => reason;
  const { fuseRepeat } = await import("./depthFusion.ts");
  const request = { mode, adapterClass: adapter.class, recorded, checks, frozen: (segment: number) => factors[segment]!.rate === 0 };
  return (traced) => fuseRepeat(request, traced);
}

/** Why "auto" fuses nothing, where that can be told without loading the code that fuses: most nets are not deep enough. */
function whyNone(adapterClass: Runtime["adapter"]["class"], linears: number, recorded: TrainerStates["depthChoice"]): string | null {
  if (recorded) return Object.values(recorded).every((stacks) => stacks === 0) ? "the checkpoint was made without" : null;
  const deepEnough = wins({ adapterClass, width: 1, rows: 1, layers: linears });
  return deepEnough ? null : `the table of depthChoice.ts does not say that it wins with ${linears} linear layers`;
}

function countsOf(model: Module): { repeats: number; linears: number } {
  const counts = { repeats: 0, linears: 0 };
  const found = [model];
  for (let module = found.pop(); module; module = found.pop()) {
    if (module.type === "repeat") counts.repeats++;
    if (module.type === "linear") counts.linears++;
    for (const child of module.children) found.push(child.module);
  }
  return counts;
}
