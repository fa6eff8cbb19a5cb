/** A piece of a run's line, in its colour and dash, for legends and tables. */
import { DASHES } from "./palette.ts";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [36, 10];

export function swatchOf(colour: number): SVGSVGElement {
  const drawn = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "line");
  const set = (element: Element, attributes: Readonly<Record<string, string | number>>): void => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  };
  set(drawn, { class: `swatch run-${colour}`, width: WIDTH, height: HEIGHT, "aria-hidden": "true" });
  set(line, { x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2, "stroke-width": 3, "stroke-dasharray": DASHES[colour]!.join(" ") || "none" });
  drawn.append(line);
  return drawn;
}
