/** Takes the float64 references of ops out of a build: they serve the tests alone, and stand beside each op's kernel so that a reader sees both. */
import type { Plugin } from "vite";

/** A property that holds nothing but what tests hold a kernel against. */
const NAMES = new Set(["reference", "js"]);
const OPS = /\/src\/ops\/[^?]*\.ts$/;

/** What the parser gives, as far as it matters here. */
interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly computed?: boolean;
  readonly kind?: string;
  readonly key?: Syntax & { readonly name?: string };
  readonly [field: string]: unknown;
}

const isSyntax = (value: unknown): value is Syntax =>
  typeof value === "object" && value !== null && typeof (value as Syntax).type === "string";

/** The properties of object literals that are called by one of the names; what is inside them is not looked at. */
function* properties(root: Syntax): Generator<Syntax> {
  const waiting: Syntax[] = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.type === "ObjectExpression") {
      for (const own of node.properties as readonly Syntax[]) {
        if (own.type === "Property" && !own.computed && NAMES.has(own.key?.name ?? "")) yield own;
        else waiting.push(own);
      }
      continue;
    }
    for (const value of Object.values(node))
      if (Array.isArray(value)) waiting.push(...value.filter(isSyntax));
      else if (isSyntax(value)) waiting.push(value);
  }
}

export function withoutReferences(): Plugin {
  return {
    name: "without-references",
    apply: "build",
    transform(code, id) {
      if (!OPS.test(id.replaceAll("\\", "/"))) return null;
      const found = [...properties(this.parse(code) as unknown as Syntax)].sort((a, b) => b.start - a.start);
      // The value goes, and the name stays: nothing moves to another line.
      let text = code;
      for (const { start, end } of found)
        text =
          text.slice(0, start) +
          code.slice(start, end).replace(/[^\n]/g, " ") +
          text.slice(end).replace(/^\s*,/, (comma) => comma.replace(",", " "));
      return found.length === 0 ? null : { code: text, map: null };
    },
  };
}
