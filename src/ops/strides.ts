/** Where the elements of a view lie, as WGSL: strides and sizes are numbers in the text, so that any view of any rank can be read. */
import { contiguousStrides } from "../core/shape.ts";
import type { View } from "../graph/op.ts";

export interface Axis {
  readonly size: number;
  readonly stride: number;
}

/** As few axes as will do: without those of size 1, and neighbours that are one run in memory made one. */
export function mergedAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const { size, stride } of axes) {
    if (size === 1) continue;
    const last = merged.at(-1);
    if (last && last.stride === stride * size) merged[merged.length - 1] = { size: last.size * size, stride };
    else merged.push({ size, stride });
  }
  return merged;
}

/** Text of where element `index` (text of a u32) of a grid with those axes lies, counted from the grid's first. */
export function offsetText(axes: readonly Axis[], index: string): string {
  const merged = mergedAxes(axes);
  const inner = contiguousStrides(merged.map(({ size }) => size));
  const terms = merged.flatMap(({ size, stride }, axis) => {
    if (stride === 0) return [];
    const quotient = inner[axis] === 1 ? index : `${index} / ${inner[axis]}u`;
    const coordinate = axis === 0 ? quotient : `${quotient} % ${size}u`;
    return [stride === 1 ? coordinate : `${coordinate} * ${stride}u`];
  });
  return terms.map((term) => (terms.length > 1 ? `(${term})` : term)).join(" + ") || "0u";
}

export const axesOf = ({ shape, strides }: View): Axis[] => shape.map((size, axis) => ({ size, stride: strides[axis]! }));

/** Text of where element `index` of the whole view lies in its buffer. */
export function viewText(view: View, index: string): string {
  const text = offsetText(axesOf(view), index);
  return view.offset === 0 ? text : `${view.offset}u + ${text}`;
}
