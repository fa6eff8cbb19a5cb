/** A plan's dispatches one after another, each as high as it has workgroups, in the colour of its kernel. */
import { frameOf, gridline, underline } from "./frame.ts";
import type { PlannedDispatch } from "./graphText.ts";
import type { Theme } from "./palette.ts";

const groupsOf = ({ workgroups }: PlannedDispatch): number => workgroups.split("×").reduce((product, size) => product * Number(size), 1);

/** Kernels in the order in which they first come, so that each keeps its colour. */
export const kernelsOf = (dispatches: readonly PlannedDispatch[]): string[] => [...new Set(dispatches.map(({ kernel }) => kernel))];

export const colourOfKernel = (index: number, { runs }: Theme): string => runs[index % runs.length]!;

export function drawPlan(canvas: HTMLCanvasElement, dispatches: readonly PlannedDispatch[], theme: Theme): void {
  const frame = frameOf(canvas, theme);
  const { context, left, right, top, bottom } = frame;
  const most = Math.max(1, ...dispatches.map(groupsOf));
  const decades = Math.max(1, Math.ceil(Math.log10(most)));
  // One workgroup still has a height.
  const up = (groups: number): number => bottom - ((Math.log10(groups) + 0.3) / (decades + 0.3)) * (bottom - top);
  for (let power = 0; power <= decades; power++) gridline(frame, up(10 ** power), String(10 ** power), theme);
  const kernels = kernelsOf(dispatches);
  const slot = (right - left) / Math.max(1, dispatches.length);
  for (const [index, dispatch] of dispatches.entries()) {
    context.fillStyle = colourOfKernel(kernels.indexOf(dispatch.kernel), theme);
    const y = up(groupsOf(dispatch));
    context.fillRect(left + index * slot, y, Math.max(1, slot * 0.85), bottom - y);
  }
  const every = Math.max(1, Math.ceil(dispatches.length / 10));
  const labels = Array.from({ length: Math.ceil(dispatches.length / every) }, (_, index) => ({
    x: left + (index * every + 0.5) * slot,
    text: String(index * every),
  }));
  underline(frame, labels, "dispatch, in the order of the step", theme);
}
