/** Text on its way into HTML: nothing that a user wrote is markup. */

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

/** JSON for a script element: `<` would end the element early. */
export const scriptJson = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

export interface HtmlColumn<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => string;
}

/** A table whose first column heads its rows; cells are escaped. */
export function htmlTable<Row>(caption: string, columns: readonly HtmlColumn<Row>[], rows: readonly Row[]): string {
  const cells = (row: Row): string =>
    columns
      .map(({ cell, align }, column) => {
        const tag = column === 0 ? `th scope="row"` : "td";
        return `<${tag} class="${align}">${escapeHtml(cell(row))}</${tag.slice(0, 2)}>`;
      })
      .join("");
  const heads = columns.map(({ title, align }) => `<th scope="col" class="${align}">${escapeHtml(title)}</th>`).join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${heads}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n")}</tbody></table></div>`;
}

/** The numbers behind a chart, folded away. */
export const numbersBehind = (summary: string, table: string): string =>
  `<details><summary>${escapeHtml(summary)}</summary>${table}</details>`;
