/** Curves of several runs over their steps, in one frame. */
import { frameOf, gridline, stepLabels, underline } from "./frame.ts";
import { DASHES, type Theme } from "./palette.ts";

export interface Curve {
  /** Which run's colour and dash. */
  readonly run: number;
  readonly count: number;
  readonly x: (index: number) => number;
  readonly y: (index: number) => number;
  /** Thin lines are for what is noisy, dots for what was measured now and then. */
  readonly style: "thin" | "thick" | "dots";
}

export interface CurvesOptions {
  readonly steps: number;
  /** The upper end holds at least this, and with `fixed` no more. */
  readonly most: number;
  readonly fixed?: boolean;
  readonly marks: readonly { readonly step: number; readonly text: string }[];
}

export function drawCurves(
  canvas: HTMLCanvasElement,
  curves: readonly Curve[],
  { steps, most, fixed, marks }: CurvesOptions,
  theme: Theme,
): void {
  const frame = frameOf(canvas, theme);
  const { context, left, right, top, bottom } = frame;
  const ceiling = fixed ? most : niceCeiling(Math.max(most, largest(curves)));
  const up = (value: number): number => bottom - Math.min(1, Math.max(0, value / ceiling)) * (bottom - top);
  const across = (step: number): number => left + Math.min(1, step / Math.max(1, steps)) * (right - left);
  for (const share of [0, 0.25, 0.5, 0.75, 1])
    gridline(frame, up(share * ceiling), String(Number((share * ceiling).toPrecision(3))), theme);
  underline(frame, stepLabels(frame, steps), "step", theme);
  for (const curve of curves) drawCurve(context, curve, { up, across, pixels: right - left }, theme);
  context.setLineDash([2, 4]);
  context.strokeStyle = theme.quiet;
  context.textAlign = "left";
  for (const { step, text } of marks) {
    context.beginPath();
    context.moveTo(across(step), top);
    context.lineTo(across(step), bottom);
    context.stroke();
    context.fillText(text, across(step) + 3, top + 2, Math.max(20, right - across(step) - 3));
  }
}

interface Scale {
  readonly up: (value: number) => number;
  readonly across: (step: number) => number;
  readonly pixels: number;
}

function drawCurve(
  context: CanvasRenderingContext2D,
  { run, count, x, y, style }: Curve,
  { up, across, pixels }: Scale,
  theme: Theme,
): void {
  context.strokeStyle = theme.runs[run]!;
  context.fillStyle = theme.runs[run]!;
  context.lineWidth = style === "thin" ? 1.2 : 2;
  context.lineJoin = "round";
  context.setLineDash(DASHES[run]!);
  context.beginPath();
  // More points than that cannot be told apart.
  const every = Math.max(1, Math.floor(count / (2 * pixels)));
  let drawing = false;
  for (let index = 0; index < count; index += every) {
    const value = y(index);
    if (!Number.isFinite(value)) {
      drawing = false;
      continue;
    }
    const [px, py] = [across(x(index)), up(value)];
    if (drawing) context.lineTo(px, py);
    else context.moveTo(px, py);
    if (style === "dots") context.fillRect(px - 2.5, py - 2.5, 5, 5);
    drawing = true;
  }
  context.stroke();
}

function largest(curves: readonly Curve[]): number {
  let most = 0;
  for (const { count, y } of curves) {
    const every = Math.max(1, Math.floor(count / 2000));
    for (let index = 0; index < count; index += every) {
      const value = y(index);
      if (Number.isFinite(value) && value > most) most = value;
    }
  }
  return most;
}

function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 5, 8, 10].find((factor) => factor * power >= value) ?? 10);
}
