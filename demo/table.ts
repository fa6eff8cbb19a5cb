/** Tables, all of whose content is shown as text. */
export function fillTable(holder: Element, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [heads, ...rows];
  const table = holder.querySelector("table");
  // Cells stay where the table keeps its form: making them takes longer than all else.
  const same = table?.rows.length === lines.length && lines.every((line, row) => table.rows[row]!.cells.length === line.length);
  if (!same) {
    holder.replaceChildren(tableOf(lines));
    return;
  }
  for (const [row, line] of lines.entries())
    for (const [column, text] of line.entries()) {
      const cell = table.rows[row]!.cells[column]!;
      if (cell.textContent !== text) cell.textContent = text;
    }
}

/** The first line is the head. */
function tableOf(lines: readonly (readonly string[])[]): HTMLTableElement {
  const table = document.createElement("table");
  for (const [row, line] of lines.entries()) {
    const made = table.insertRow();
    for (const text of line) {
      const cell = document.createElement(row === 0 ? "th" : "td");
      cell.textContent = text;
      if (row === 0) cell.setAttribute("scope", "col");
      made.append(cell);
    }
  }
  return table;
}

/** A fraction of accuracy for people. */
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;

const LONG = 24;

/** A name that has little room: those of runs differ at their ends. */
export const clippedName = (name: string): string =>
  name.length <= LONG ? name : `${name.slice(0, LONG / 2 - 1)}…${name.slice(-LONG / 2)}`;

export const short = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : Number.isFinite(value) ? value.toPrecision(3) : "not finite";

/** Two units of a time in seconds are enough. */
export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 100) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
