/** A canvas ready to be drawn on: sharp on any screen, with axes, gridlines and labels. Positions are in CSS pixels. */
import type { Theme } from "./palette.ts";
import { timesTen } from "./raised.ts";

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const MARGIN = { left: 56, top: 10, right: 12, bottom: 34 };

export function frameOf(canvas: HTMLCanvasElement, { paper, quiet }: Theme): Frame {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = Math.min(3, devicePixelRatio || 1);
  const [wide, high] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = paper;
  context.fillRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = quiet;
  return { context, left: MARGIN.left, top: MARGIN.top, right: width - MARGIN.right, bottom: height - MARGIN.bottom };
}

/** Where there is nothing to see before a run. */
export const HINT = "Press Play";

/** In the middle of what was drawn on a frame. */
export function hint(canvas: HTMLCanvasElement, { quiet }: Theme): void {
  const context = canvas.getContext("2d")!;
  context.fillStyle = quiet;
  context.font = "15px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(HINT, canvas.clientWidth / 2, (canvas.clientHeight + MARGIN.top - MARGIN.bottom) / 2);
}

/** A line across at height `y`, and its label on the left. */
export function gridline({ context, left, right }: Frame, y: number, label: string, { rule, quiet }: Theme): void {
  context.strokeStyle = rule;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(left, Math.round(y) + 0.5);
  context.lineTo(right, Math.round(y) + 0.5);
  context.stroke();
  context.fillStyle = quiet;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText(label, left - 6, y);
}

/** Labels under the axis, and its title. */
export function underline(
  frame: Frame,
  labels: readonly { readonly x: number; readonly text: string }[],
  title: string,
  { quiet }: Theme,
): void {
  const { context, left, right, bottom } = frame;
  context.fillStyle = quiet;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const { x, text } of labels) context.fillText(text, Math.min(right - 6, x), bottom + 4);
  context.fillText(title, (left + right) / 2, bottom + 19);
}

/** Of steps, five of them from left to right; their ends where there are fewer. */
export const stepLabels = ({ left, right }: Frame, steps: number) =>
  (steps < 4 ? [0, 4] : [0, 1, 2, 3, 4]).map((quarter) => ({
    x: left + (quarter / 4) * (right - left),
    text: stepText(Math.round((quarter * steps) / 4)),
  }));

export const stepText = (step: number): string => (step < 10_000 ? String(step) : `${step / 1000}k`);

export const powerLabel = (power: number): string => (power > -3 && power < 4 ? String(10 ** power) : timesTen(1, power));

/** Of a scale from 0 upwards, in as little room as there is beside it. */
export function tickText(value: number): string {
  if (value === 0 || (Math.abs(value) < 1e5 && Math.abs(value) >= 1e-4)) return String(Number(value.toPrecision(6)));
  const [digits, power] = value.toExponential(2).split("e");
  return timesTen(Number(digits), Number(power));
}

/** Powers of ten to label, at most so many. */
export function powers({ low, high }: Decades, most: number): number[] {
  const stride = Math.max(1, Math.ceil((high - low) / most));
  return Array.from({ length: Math.floor((high - low) / stride) + 1 }, (_, index) => low + index * stride);
}

/** Powers of ten that hold all norms: the ends only ever move apart in a run, so that marks do not jump. */
export interface Decades {
  readonly low: number;
  readonly high: number;
}

export function decadesOf(norms: ArrayLike<number>, before: Decades): Decades {
  let decades = before;
  let [least, most] = [10 ** before.low, 10 ** before.high];
  for (let index = 0; index < norms.length; index++) {
    const norm = norms[index]!;
    // Nearly all are: the logarithm is for the few that are not.
    if ((norm >= least && norm <= most) || !(norm > 0) || !Number.isFinite(norm)) continue;
    const power = Math.log10(norm);
    decades = { low: Math.min(decades.low, Math.floor(power)), high: Math.max(decades.high, Math.ceil(power)) };
    [least, most] = [10 ** decades.low, 10 ** decades.high];
  }
  return decades;
}
