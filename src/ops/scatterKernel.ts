/** How rows are added up by index, in the order in which they come, without atomics on floats: along linked lists of places. */

import type { DType } from "../core/dtype.ts";
import { FathomError } from "../core/errors.ts";
import { contiguousStrides, sizeOf } from "../core/shape.ts";
import type { Binding, KernelPlan, Target, View } from "../graph/op.ts";
import { withOutput } from "./output.ts";
import { reduceCalls } from "./reduceKernel.ts";
import { viewText } from "./strides.ts";

/** Places of a block, at least and at most: each looks through what follows in its block for the next of its index. */
const BLOCK = 1024;
const MOST_BLOCK = { software: 16_384, hardware: 2 ** 25 } as const satisfies Record<Target["adapterClass"], number>;
/** Places that an invocation adds up: on software its loops must not go too many rounds (lanes.ts). */
const MOST_PLACES = 32_768;
/** WebGPU's baseline of a binding, in elements. */
const MOST_ELEMENTS = 2 ** 25;

/** A search in longer blocks costs more at each place, a sum over more blocks more at each output: about as much for the root of the outputs. */
function blockOf(places: number, outputs: number, rows: number, most: number): number {
  let block = BLOCK;
  while (block < most && (block * block < outputs || Math.ceil(places / block) * rows > MOST_ELEMENTS)) block *= 2;
  return block;
}

/**
 * The lowest place of each row in a block is found by an integer minimum, which has one result in whatever order it is taken; each place
 * looks for the next one of its index; a sum goes along a row's lists. Where there are more places than an invocation may go through, it
 * is cut into groups of blocks, whose sums a reduction adds up.
 */
export function scatterKernel(dy: View, index: View & { readonly dtype: DType }, count: number, rows: number, target: Target): KernelPlan {
  if (count === 0) return { calls: [] };
  const places = sizeOf(index.shape);
  const block = blockOf(places, count, rows, MOST_BLOCK[target.adapterClass]);
  const blocks = Math.max(1, Math.ceil(places / block));
  const wanted = Math.ceil(places / Math.max(MOST_PLACES, block)) || 1;
  // Without an end to loops, fewer groups are only slower.
  const fitting = target.adapterClass === "software" ? wanted : Math.max(1, Math.floor(MOST_ELEMENTS / count));
  const span = Math.ceil(blocks / Math.min(wanted, fitting));
  const groups = Math.ceil(blocks / span);
  if (Math.max(groups * count, blocks * rows) > MOST_ELEMENTS && places > block)
    throw new FathomError(
      "limits-too-small",
      `the gradient of gather: ${places} indices into ${rows} rows of ${count / rows} need more memory than can be bound. Take fewer indices at a time`,
    );
  const temporaries = [blocks * rows, Math.max(places, 1)];
  const sums: Binding = groups > 1 ? { temporary: temporaries.push(groups * count) - 1 } : { output: 0 };
  const add = {
    shader: "scatter_rows",
    defines: { VALUES_AT: viewText(dy, "element") },
    overrides: { COUNT: count, GROUPS: groups, SPAN: span, BLOCKS: blocks, ROWS: rows, PLACES: places, ROW_SIZE: count / rows },
    workgroups: Math.ceil((groups * count) / 64),
    bindings: [{ input: 0 }, { temporary: 0, access: "read" }, { temporary: 1, access: "read" }] as const,
  };
  const calls = [
    {
      shader: "scatter_clear",
      overrides: { LISTS: blocks * rows, PLACES: places },
      workgroups: Math.ceil((blocks * rows) / 64),
      bindings: [{ temporary: 0 }],
    },
    {
      shader: "scatter_link",
      defines: { INDEX: index.dtype, INDEX_AT: viewText(index, "position") },
      overrides: { ROWS: rows, PLACES: places, BLOCK: block },
      workgroups: Math.ceil(places / 64),
      bindings: [{ input: 1 }, { temporary: 0 }, { temporary: 1 }],
    },
    withOutput(add, "f32", sums, groups === 1),
  ];
  if (groups === 1) return { calls, temporaries };
  const shape = [groups, count];
  const view: View = { shape, strides: contiguousStrides(shape), offset: 0 };
  const from: Binding = { temporary: 2, access: "read" };
  const total = { map: "v", combine: "a + b", input: "f32" } as const;
  return { calls: [...calls, ...reduceCalls({ view, axes: [0], from, to: { output: 0 } }, total, target, temporaries)], temporaries };
}
