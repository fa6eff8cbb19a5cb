/** A pad to draw a digit on, by a pointer or by the keyboard, which the net reads while it is drawn, and what it takes it for. */
import { make } from "./dom.ts";
import { gridOf, type Stroke } from "./padGrid.ts";
import { theme } from "./palette.ts";
import { drawPixels } from "./pixels.ts";

const SIZE = 192;
const PEN = 14;
const CLEARING = new Set(["Delete", "Backspace", "Escape"]);
const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
/** From edge to edge by the arrow keys. */
const KEY_STEPS = 16;
const HINT = "Draw a digit: the net reads it while you draw. By the keyboard: the arrows move the pen, Space puts it down and lifts it.";

export class Pad {
  readonly element: HTMLElement;
  private readonly canvas = make("canvas", { width: SIZE, height: SIZE, tabIndex: 0, className: "pad" });
  private readonly seen = make("canvas", { width: 64, height: 64, className: "pixels" });
  private readonly bars: { readonly row: HTMLElement; readonly meter: HTMLMeterElement; readonly text: HTMLElement }[];
  private readonly answer = make("p", { id: "pad-answer" }, HINT);
  private readonly ask: (pixels: Float32Array) => void;
  private strokes: { x: number; y: number }[][] = [];
  private drawing = false;
  /** Where the arrow keys have moved the pen, and whether it is down. */
  private pen = { x: 0.5, y: 0.25 };
  private down = false;
  private waiting = false;

  constructor(ask: (pixels: Float32Array) => void) {
    this.ask = ask;
    const { canvas, seen } = this;
    // The arrows and the space bar are its own.
    canvas.setAttribute("role", "application");
    canvas.setAttribute(
      "aria-label",
      "Pad to draw a digit on with a pointer, or with the keyboard: arrows move the pen, Space puts it down and lifts it, Delete clears the pad",
    );
    seen.setAttribute("role", "img");
    seen.setAttribute("aria-label", "The drawing as the net gets it, 8 by 8 pixels");
    this.answer.setAttribute("role", "status");
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.drawing = true;
      this.strokes.push([]);
      this.add(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.drawing) for (const one of event.getCoalescedEvents?.() ?? [event]) this.add(one);
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (this.drawing = false));
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.press(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    for (const change of ["focus", "blur"])
      canvas.addEventListener(change, () => {
        this.down = false;
        this.paint();
      });
    const button = make("button", { type: "button", id: "pad-clear" }, "Clear the pad");
    button.addEventListener("click", () => this.clear());
    this.bars = Array.from({ length: 10 }, (_, digit) => {
      const meter = make("meter", { min: 0, max: 1, value: 0 });
      meter.setAttribute("aria-label", `Probability of ${digit}`);
      const text = make("span", {}, "–");
      return { meter, text, row: make("li", {}, make("span", {}, String(digit)), meter, text) };
    });
    const drawn = make("div", {}, canvas, make("p", {}, button), make("p", { className: "small" }, "as the net gets it ", seen));
    this.element = make(
      "div",
      { className: "pad-panel" },
      drawn,
      make("div", {}, this.answer, make("ol", { start: 0 }, ...this.bars.map(({ row }) => row))),
    );
    this.paint();
  }

  /** Whether the key is one of the pad's. */
  private press(key: string): boolean {
    const move = MOVES[key];
    if (CLEARING.has(key)) this.clear();
    else if (key === " ") {
      this.down = !this.down;
      if (this.down) this.strokes.push([{ ...this.pen }]);
    } else if (move) {
      const [x, y] = move;
      const within = (at: number): number => Math.min(1, Math.max(0, at));
      this.pen = { x: within(this.pen.x + x / KEY_STEPS), y: within(this.pen.y + y / KEY_STEPS) };
      if (this.down) this.strokes.at(-1)!.push({ ...this.pen });
    } else return false;
    this.changed();
    return true;
  }

  private add({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }): void {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    this.strokes.at(-1)!.push({ x: (clientX - left) / width, y: (clientY - top) / height });
    this.changed();
  }

  clear(): void {
    this.strokes = [];
    this.drawing = false;
    this.down = false;
    this.changed();
  }

  /** At most once a frame, and once for each answer. */
  private changed(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
      this.askAgain();
    });
  }

  /** The net is another now, or has learnt since. */
  askAgain(): void {
    if (this.strokes.length > 0) this.ask(gridOf(this.strokes));
    else this.show(null);
  }

  /** Null: there is nothing to read. */
  show(probabilities: readonly number[] | null): void {
    const shown = this.strokes.length > 0 ? probabilities : null;
    for (const [digit, { meter, text, row }] of this.bars.entries()) {
      const value = shown?.[digit] ?? 0;
      meter.value = value;
      text.textContent = shown ? `${(100 * value).toFixed(1)} %` : "–";
      row.classList.toggle("most", shown !== null && value === Math.max(...shown));
    }
    const digit = shown ? shown.indexOf(Math.max(...shown)) : -1;
    const said = shown ? `Read as ${digit}, ${(100 * shown[digit]!).toFixed(0)} % sure.` : HINT;
    if (this.answer.textContent !== said) this.answer.textContent = said;
  }

  paint(): void {
    const { paper, ink, runs } = theme();
    const context = this.canvas.getContext("2d")!;
    context.fillStyle = paper;
    context.fillRect(0, 0, SIZE, SIZE);
    Object.assign(context, { strokeStyle: ink, lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) drawStroke(context, stroke);
    if (this.canvas.matches(":focus-visible")) {
      context.beginPath();
      context.arc(this.pen.x * SIZE, this.pen.y * SIZE, PEN / 2, 0, 2 * Math.PI);
      Object.assign(context, { strokeStyle: runs[1], fillStyle: runs[1], lineWidth: 2 });
      context.stroke();
      if (this.down) context.fill();
    }
    drawPixels(this.seen, gridOf(this.strokes), 8);
  }
}

function drawStroke(context: CanvasRenderingContext2D, stroke: Stroke): void {
  context.beginPath();
  for (const [index, { x, y }] of stroke.entries()) {
    if (index === 0) context.moveTo(x * SIZE, y * SIZE);
    // A line of no length is drawn as a dot.
    context.lineTo(x * SIZE, y * SIZE);
  }
  context.stroke();
}
