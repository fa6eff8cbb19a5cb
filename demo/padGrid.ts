/**
 * From strokes to the 8 × 8 pixels of the digits' data set, which were made from 32 × 32 dots, four by four counted together: the drawing is scaled to
 * fill the square, its shape kept, and centred; a pixel is the share of its dots that ink covers. Pure.
 */
export type Stroke = readonly { readonly x: number; readonly y: number }[];

const SIDE = 8;
const DOTS = 4;
/** Half a pen's width, in pixels: what the data set's digits have. */
const RADIUS = 0.9;
/** A dot, or a line of no length, is not blown up. */
const LEAST_EXTENT = 0.12;

/** Coordinates from 0 to 1, y downwards. All zeros where nothing was drawn. */
export function gridOf(strokes: readonly Stroke[]): Float32Array {
  const grid = new Float32Array(SIDE * SIDE);
  const points = strokes.flat();
  if (points.length === 0) return grid;
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = (SIDE - 2 * RADIUS) / Math.max(right - left, bottom - top, LEAST_EXTENT);
  const [x0, y0] = [(left + right) / 2, (top + bottom) / 2];
  const placed = strokes.map((stroke) => stroke.map(({ x, y }) => ({ x: SIDE / 2 + (x - x0) * scale, y: SIDE / 2 + (y - y0) * scale })));
  const dots = SIDE * DOTS;
  for (let row = 0; row < dots; row++)
    for (let column = 0; column < dots; column++) {
      const [x, y] = [(column + 0.5) / DOTS, (row + 0.5) / DOTS];
      if (placed.some((stroke) => isNear(stroke, x, y))) grid[Math.floor(row / DOTS) * SIDE + Math.floor(column / DOTS)]! += 1 / DOTS ** 2;
    }
  return grid;
}

/** Whether the pen went over a point. */
function isNear(stroke: Stroke, x: number, y: number): boolean {
  return stroke.some((from, index) => {
    const to = stroke[Math.min(index + 1, stroke.length - 1)]!;
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy;
    const along = length > 0 ? Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / length)) : 0;
    return (from.x + along * dx - x) ** 2 + (from.y + along * dy - y) ** 2 <= RADIUS ** 2;
  });
}
