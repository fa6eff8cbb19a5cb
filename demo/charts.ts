/** The page's two charts, drawn as SVG from scratch at each frame: a few hundred marks cost less than keeping them up to date. */

const SVG = "http://www.w3.org/2000/svg";

type Attributes = Readonly<Record<string, string | number>>;

function element(name: string, attributes: Attributes, text?: string): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly bottom: number;
}

const NORMS: Frame = { width: 720, height: 280, left: 62, bottom: 38 };
const LOSS: Frame = { width: 720, height: 220, left: 62, bottom: 38 };
const TOP = 10;
/** Lines across a chart. */
const MOST_TICKS = 7;
/** A bar for a norm of zero or one that is not finite. */
const STUB = 10;

/** Decades that hold all norms: the lower end only ever sinks in a run, so that bars do not jump. */
export interface Decades {
  readonly low: number;
  readonly high: number;
}

export function decadesOf(norms: readonly number[], before: Decades | null): Decades {
  const powers = norms.filter((norm) => norm > 0 && Number.isFinite(norm)).map(Math.log10);
  const low = Math.floor(Math.min(before?.low ?? 0, ...powers, -4));
  const high = Math.ceil(Math.max(before?.high ?? 0, ...powers, 1));
  return { low, high };
}

/** A bar for each layer from the lower edge up. Zero is an open stub, what is not finite a full bar of its own colour; both say so in words. */
export function drawNorms(svg: SVGElement, norms: readonly number[], { low, high }: Decades): void {
  const { width, height, left, bottom } = NORMS;
  const base = height - bottom;
  const up = (power: number): number => base - ((power - low) / (high - low)) * (base - TOP);
  const step = Math.max(1, Math.ceil((high - low) / MOST_TICKS));
  const parts = [...axis(NORMS, "layer")];
  for (let power = low; power <= high; power += step) parts.push(...rule(NORMS, up(power), powerLabel(power)));
  const slot = (width - left) / Math.max(1, norms.length);
  for (const [layer, norm] of norms.entries()) {
    const x = left + (layer + 0.1) * slot;
    const [kind, top] = norm === 0 ? ["zero", base - STUB] : Number.isFinite(norm) ? ["bar", up(Math.log10(norm))] : ["broken", TOP];
    const bar = element("rect", { class: kind, x, y: top, width: slot * 0.8, height: Math.max(1, base - top) });
    bar.append(
      element(
        "title",
        {},
        `layer ${layer + 1}: ${norm === 0 ? "exactly 0" : Number.isFinite(norm) ? norm.toExponential(2) : "not finite"}`,
      ),
    );
    parts.push(bar);
  }
  const every = Math.ceil(norms.length / 12);
  for (let layer = 0; layer < norms.length; layer += every)
    parts.push(element("text", { x: left + (layer + 0.5) * slot, y: base + 16, "text-anchor": "middle" }, String(layer + 1)));
  svg.replaceChildren(...parts);
}

/** The loss of guessing among ten classes is 2.3. */
const LEAST_LOSS = 2.5;
/** Points of the curve that can be told apart. */
const MOST_POINTS = 360;

export function drawLoss(svg: SVGElement, losses: readonly number[], steps: number): void {
  const { width, height, left, bottom } = LOSS;
  const base = height - bottom;
  const finite = losses.filter(Number.isFinite);
  const top = niceCeiling(Math.max(LEAST_LOSS, ...finite));
  const up = (loss: number): number => base - Math.min(1, loss / top) * (base - TOP);
  const across = (step: number): number => left + (step / Math.max(1, steps - 1)) * (width - left);
  const parts = [
    ...axis(LOSS, "step"),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => rule(LOSS, up(share * top), String(Number((share * top).toPrecision(3))))),
  ];
  const every = Math.max(1, Math.ceil(losses.length / MOST_POINTS));
  let path = "";
  let pen = "M";
  for (const [step, loss] of losses.entries()) {
    if (step % every !== 0 && step !== losses.length - 1) continue;
    if (!Number.isFinite(loss)) {
      pen = "M";
      continue;
    }
    path += `${pen}${across(step).toFixed(1)} ${up(loss).toFixed(1)}`;
    pen = "L";
  }
  if (path) parts.push(element("path", { class: "curve", d: path }));
  for (let share = 0; share <= 4; share++) {
    const step = Math.round((share * steps) / 4);
    parts.push(element("text", { x: Math.min(across(step), width - 18), y: base + 16, "text-anchor": "middle" }, String(step)));
  }
  svg.replaceChildren(...parts);
}

function axis({ width, height, left, bottom }: Frame, title: string): SVGElement[] {
  const base = height - bottom;
  return [
    element("path", { class: "axis", d: `M${left} ${TOP}V${base}H${width}` }),
    element("text", { x: (left + width) / 2, y: height - 4, "text-anchor": "middle" }, title),
  ];
}

function rule({ width, left }: Frame, y: number, label: string): SVGElement[] {
  return [
    element("path", { class: "rule", d: `M${left} ${y}H${width}` }),
    element("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, label),
  ];
}

function powerLabel(power: number): string {
  if (power > -3 && power < 4) return String(10 ** power);
  const raised = [...String(power)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])).join("");
  return `10${raised}`;
}

function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 5, 8, 10].find((factor) => factor * power >= value) ?? 10);
}

/** Replaces a table's content; only called while it is unfolded. */
export function fillTable(holder: Element, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = document.createElement("table");
  const line = (cells: readonly string[], tag: "th" | "td"): HTMLTableRowElement => {
    const row = document.createElement("tr");
    for (const cell of cells) {
      const made = document.createElement(tag);
      made.textContent = cell;
      row.append(made);
    }
    return row;
  };
  table.append(line(heads, "th"), ...rows.map((row) => line(row, "td")));
  holder.replaceChildren(table);
}
