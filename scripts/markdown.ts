/** Our own Markdown as HTML: headings, paragraphs, lists, tables, code and links; what it does not know it shows as text. Pure. */
import { escapeHtml } from "../src/cli/report/html.ts";

/** An address on the site for one of the file's, or null where the site has no such place: the text then stands alone. */
export type LinkRule = (target: string) => string | null;

export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[`*]/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

export function markdownToHtml(markdown: string, link: LinkRule): string {
  const lines = markdown.split("\n");
  const parts: string[] = [];
  let at = 0;
  const take = (holds: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && holds(lines[at]!)) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,3}) (.*)$/.exec(line);
    if (line.trim() === "") at++;
    else if (heading) {
      const level = heading[1]!.length;
      parts.push(`<h${level} id="${slug(heading[2]!)}">${inline(heading[2]!, link)}</h${level}>`);
      at++;
    } else if (line.startsWith("```")) {
      at++;
      const code = take((other) => !other.startsWith("```"));
      at++;
      parts.push(`<pre tabindex="0">${escapeHtml(code.join("\n"))}</pre>`);
    } else if (line.startsWith("|"))
      parts.push(
        table(
          take((other) => other.startsWith("|")),
          link,
        ),
      );
    else if (line.startsWith("- ")) {
      const items = take((other) => other.startsWith("- ") || other.startsWith("  "))
        .join("\n")
        .split(/^- /m)
        .slice(1);
      parts.push(`<ul>${items.map((item) => `<li>${inline(item, link)}</li>`).join("\n")}</ul>`);
    } else {
      const text = take((other) => other.trim() !== "" && !/^(#|```|\||- )/.test(other));
      parts.push(`<p>${inline(text.join("\n"), link)}</p>`);
    }
  }
  return parts.join("\n");
}

/** The first line heads the columns, the second rules them off. */
function table([head, , ...rows]: readonly string[], link: LinkRule): string {
  const cells = (row: string): string[] =>
    row
      .trim()
      .replace(/^\||\|$/g, "")
      .split(/(?<!\\)\|/)
      .map((cell) => inline(cell.trim().replaceAll("\\|", "|"), link));
  const heads = cells(head!).map((cell) => `<th scope="col">${cell}</th>`);
  const body = rows.map(
    (row) =>
      `<tr>${cells(row)
        .map((cell, column) => (column === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`))
        .join("")}</tr>`,
  );
  return `<div class="scroll wide" tabindex="0" role="region" aria-label="Table"><table><thead><tr>${heads.join("")}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}

/** Code first, so that nothing within it counts. */
function inline(text: string, link: LinkRule): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part, index) => (index % 2 === 1 ? `<code>${escapeHtml(part.slice(1, -1))}</code>` : withLinks(part, link)))
    .join("");
}

function withLinks(text: string, link: LinkRule): string {
  const parts = text.split(/\[([^\]]*)\]\(([^)]*)\)/);
  let html = "";
  for (let index = 0; index < parts.length; index += 3) {
    html += escapeHtml(parts[index]!).replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>");
    if (index + 2 >= parts.length) break;
    const [label, target] = [escapeHtml(parts[index + 1]!), link(parts[index + 2]!)];
    html += target === null ? label : `<a href="${escapeHtml(target)}">${label}</a>`;
  }
  return html;
}
