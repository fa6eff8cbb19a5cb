/** Tables, all of whose content is shown as text. */
export function fillTable(holder: Element, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = document.createElement("table");
  const line = (cells: readonly string[], tag: "th" | "td"): HTMLTableRowElement => {
    const row = document.createElement("tr");
    for (const cell of cells) {
      const made = document.createElement(tag);
      made.textContent = cell;
      if (tag === "th") made.setAttribute("scope", "col");
      row.append(made);
    }
    return row;
  };
  table.append(line(heads, "th"), ...rows.map((row) => line(row, "td")));
  holder.replaceChildren(table);
}

/** A fraction of accuracy for people. */
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;

export const short = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : Number.isFinite(value) ? value.toPrecision(3) : "not finite";
