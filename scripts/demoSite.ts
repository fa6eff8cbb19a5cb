/** The demo's pages: which there are, the head that they share, and those whose text comes from docs/. */
import { existsSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Plugin } from "vite";
import { escapeHtml } from "../src/cli/report/html.ts";
import { markdownToHtml } from "./markdown.ts";

const repository = resolve(import.meta.dirname, "..");

/** In the order of the navigation; each is a file in demo/. */
export const PAGES = [
  { file: "index.html", title: "Lab" },
  { file: "how.html", title: "How it works" },
  { file: "formulas.html", title: "Formulas" },
  { file: "format.html", title: "Experiment file" },
  { file: "benchmarks.html", title: "Benchmarks" },
] as const;

/** Pages whose text is a file of docs/. */
const FROM_DOCS: Readonly<Record<string, string>> = {
  "references.md": "formulas.html",
  "experiment.md": "format.html",
  "diagnose.md": "verdicts.html",
};

export const demoPages = (): string[] =>
  [...PAGES.map(({ file }) => file), "verdicts.html"].map((file) => resolve(repository, "demo", file));

/** The folder's own page is linked as the folder. */
const hrefOf = (file: string): string => (file === "index.html" ? "./" : `./${file}`);

/** What every page's `<head>` begins with. */
const HEAD = `<meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws:; base-uri 'none'; form-action 'none'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="./icon.svg">
    <link rel="stylesheet" href="./style.css">`;

export function pageHeader(current: string): string {
  const links = PAGES.map(
    ({ file, title }) => `<a href="${hrefOf(file)}"${file === current ? ' aria-current="page"' : ""}>${escapeHtml(title)}</a>`,
  );
  return `<a class="skip" href="#content">Skip to the content</a>
    <header class="top">
      <a class="brand" href="./"><img src="./icon.svg" alt="" width="24" height="24">Fathom</a>
      <nav aria-label="Pages">${links.join("")}</nav>
    </header>`;
}

/** An experiment that needs no file opens in the lab; a document opens where the site has it. */
function siteLink(target: string): string | null {
  const [path = "", anchor] = target.split("#");
  const experiment = /^\.\.\/demo\/(experiments\/.+\.json)$/.exec(path);
  if (experiment) {
    const file = resolve(repository, "demo", experiment[1]!);
    const json: unknown = JSON.parse(readFileSync(file, "utf8"));
    const text = JSON.stringify(json);
    return text.includes(".safetensors") ? null : `./#fathom=1&experiment=${Buffer.from(text).toString("base64url")}`;
  }
  const page = FROM_DOCS[path];
  return page === undefined ? null : `./${page}${anchor === undefined ? "" : `#${anchor}`}`;
}

const docs = (name: string): string => {
  const file = resolve(repository, "docs", name);
  if (!existsSync(file)) throw new Error(`a page wants docs/${name}, which is not there`);
  return markdownToHtml(readFileSync(file, "utf8"), siteLink);
};

/** Fills `<!-- head -->` and `<!-- pages -->` with what all pages share, and `<!-- docs NAME.md -->` with that text. */
export const demoSite = (): Plugin => ({
  name: "demo-site",
  transformIndexHtml: {
    order: "pre",
    handler: (html, { filename }) =>
      html
        .replace("<!-- head -->", () => HEAD)
        .replace("<!-- pages -->", () => pageHeader(basename(filename)))
        .replace(/<!-- docs (\S+) -->/, (_, name: string) => docs(name)),
  },
});
