/** What the net reads: the confusion matrix of the test set, samples that it read wrongly, and for the digits a pad. Loaded when there is something to show. */
import "./data.css";
import { find, make } from "./dom.ts";
import type { History } from "./history.ts";
import { Latest } from "./latest.ts";
import type { Readings } from "./messages.ts";
import { Pad } from "./pad.ts";
import { drawPixels } from "./pixels.ts";

const PICTURE = 56;
/** The data set whose pictures can be drawn by hand. */
const isDigits = ({ side, classes }: Readings): boolean => side === 8 && classes === 10;

export class ReadingPanel {
  private readonly pad: Pad;
  /** A deep net takes longer to answer than a pointer to move. */
  private readonly questions: Latest<Float32Array>;
  private shown: Readings | null = null;
  private readonly figure = find<HTMLElement>("#reading");
  private readonly matrix = make("section", { className: "scroll" });
  private readonly wrong = make("ul", { className: "wrong" });
  private readonly words = make("p", { id: "reading-words" });
  private readonly drawn: HTMLElement;

  constructor(ask: (pixels: Float32Array) => void) {
    this.questions = new Latest(ask);
    this.pad = new Pad((pixels) => this.questions.ask(pixels));
    this.matrix.setAttribute("aria-label", "Confusion matrix");
    this.matrix.tabIndex = 0;
    this.drawn = make("div", {}, make("h3", {}, "Draw one yourself"), this.pad.element);
    this.figure.append(
      make("h2", { id: "reading-head" }, "What it reads"),
      this.words,
      this.matrix,
      make("div", {}, make("h3", {}, "Read wrongly"), this.wrong),
      this.drawn,
    );
  }

  draw(history: History | null): void {
    const readings = history?.readings ?? null;
    this.figure.hidden = readings === null;
    if (!readings || readings === this.shown) return;
    this.shown = readings;
    this.fillMatrix(readings);
    this.fillWrong(readings);
    this.drawn.hidden = !isDigits(readings);
    // It is another net now, or has learnt since.
    this.questions.forget();
    if (isDigits(readings)) this.pad.askAgain();
  }

  /** What the net makes of the drawing. */
  answer(probabilities: readonly number[]): void {
    this.pad.show(probabilities);
    this.questions.answered();
  }

  /** Colours of another theme. */
  repaint(): void {
    this.pad.paint();
    if (this.shown) this.fillWrong(this.shown);
  }

  private fillMatrix({ matrix, classes, names, of, count }: Readings): void {
    const right = Array.from({ length: classes }, (_, index) => matrix[index * classes + index]!).reduce((sum, one) => sum + one, 0);
    this.words.textContent = `Of ${count} ${of} samples ${right} are read correctly. Rows are what a sample is, columns what the net takes it for.`;
    const most = Math.max(1, ...matrix);
    const head = make("tr", {}, make("td"), ...names.map((name) => make("th", { scope: "col" }, name)));
    const rows = names.map((name, truth) => {
      const cells = names.map((_, read) => {
        const samples = matrix[truth * classes + read]!;
        const cell = make("td", { className: truth === read ? "right" : samples > 0 ? "off" : "" }, samples > 0 ? String(samples) : "·");
        // Set by script, which the policy allows; an attribute would not be.
        cell.style.setProperty("--share", String(samples / most));
        return cell;
      });
      return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
    });
    this.matrix.replaceChildren(make("table", { className: "confusion" }, make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  private fillWrong({ wrong, names, side }: Readings): void {
    const items = wrong.map(({ sample, read, truth, sure, pixels }) => {
      const text = `read ${names[read]}, is ${names[truth]}`;
      const said = make("span", {}, side === null ? `sample ${sample + 1}: ` : "", text);
      said.title = `${(100 * sure).toFixed(0)} % sure`;
      if (!pixels || side === null) return make("li", {}, said);
      const canvas = make("canvas", { width: PICTURE, height: PICTURE, className: "pixels" });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `A ${names[truth]} that is read as ${names[read]}`);
      drawPixels(canvas, pixels, side);
      return make("li", {}, canvas, said);
    });
    this.wrong.replaceChildren(...(items.length > 0 ? items : [make("li", {}, "none")]));
  }
}
