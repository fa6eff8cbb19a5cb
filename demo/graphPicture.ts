/** A step's graph: up to the loss on the upper row from left to right, back on the lower row from right to left, then the update. */

import { frameOf } from "./frame.ts";
import { type GraphNode, type Part, partsOf, ranksOf } from "./graphText.ts";
import type { Theme } from "./palette.ts";

const RADIUS = 4;

export interface Placed {
  readonly x: number;
  readonly y: number;
  readonly part: Part;
}

/** In shares of the picture; what is given is not placed, for it would hide the rest. */
export function placesOf(nodes: readonly GraphNode[]): (Placed | null)[] {
  const parts = partsOf(nodes);
  const ranks = ranksOf(nodes);
  const top = Math.max(1, ...ranks.filter((_, index) => parts[index] === "forward"));
  // A derivative that is known early stands where it is used.
  for (let index = nodes.length - 1; index >= 0; index--)
    for (const input of nodes[index]!.inputs)
      if (parts[input] === "backward" && parts[index] === "backward" && ranks[input]! <= top)
        ranks[input] = Math.max(ranks[input]!, ranks[index]! - 1);
  const of = (part: Part): number[] => ranks.filter((_, index) => parts[index] === part);
  const deepest = Math.max(top + 1, ...of("backward"));
  const updates = [...new Set(of("update"))].sort((a, b) => a - b);
  const taken = new Map<string, number>();
  return nodes.map((_, index) => {
    const [part, rank] = [parts[index]!, ranks[index]!];
    if (part === "given") return null;
    // Nodes of one rank stand one above the other.
    const key = `${part} ${rank}`;
    const nth = taken.get(key) ?? 0;
    taken.set(key, nth + 1);
    const spread = Math.min(0.2, 0.06 * nth);
    if (part === "forward") return { part, x: 0.02 + (0.8 * rank) / top, y: 0.3 - spread };
    if (part === "backward") return { part, x: 0.02 + 0.8 * (1 - (rank - top) / (deepest - top)), y: 0.62 + spread };
    return { part, x: 0.87 + (0.11 * updates.indexOf(rank)) / Math.max(1, updates.length - 1), y: 0.46 + spread };
  });
}

export function drawGraph(canvas: HTMLCanvasElement, nodes: readonly GraphNode[], theme: Theme): void {
  const { context } = frameOf(canvas, theme);
  const { clientWidth: width, clientHeight: height } = canvas;
  const places = placesOf(nodes);
  const colours: Record<Part, string> = { given: theme.quiet, forward: theme.runs[0]!, backward: theme.runs[1]!, update: theme.runs[2]! };
  context.lineWidth = 0.8;
  context.setLineDash([]);
  for (const [index, place] of places.entries()) {
    if (!place) continue;
    context.strokeStyle = colours[place.part];
    context.globalAlpha = 0.45;
    context.beginPath();
    for (const input of nodes[index]!.inputs) {
      const from = places[input];
      if (!from) continue;
      context.moveTo(from.x * width, from.y * height);
      context.lineTo(place.x * width, place.y * height);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  const radius = Math.min(RADIUS, Math.max(1.5, (0.4 * width) / Math.max(1, nodes.length)) * 2);
  for (const place of places) {
    if (!place) continue;
    context.fillStyle = colours[place.part];
    context.beginPath();
    context.arc(place.x * width, place.y * height, radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.font = "13px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  const words: readonly [Part, string, number][] = [
    ["forward", "forward: batch → loss", 0.06],
    ["backward", "backward: gradients ← loss", 0.93],
  ];
  for (const [part, text, y] of words) {
    context.fillStyle = colours[part];
    context.fillText(text, 0.02 * width, y * height);
  }
  context.fillStyle = colours.update;
  context.textAlign = "right";
  context.fillText("norms, clip, update", 0.99 * width, 0.93 * height);
}
