/** The WGSL functions of shaders/lib, by name: generated shaders take those that they mention, and what these call. */
import dropout from "../../shaders/lib/dropout.wgsl?raw";
import math from "../../shaders/lib/math.wgsl?raw";
import normal from "../../shaders/lib/normal.wgsl?raw";
import philox from "../../shaders/lib/philox.wgsl?raw";

/** Top-level declarations of a WGSL text by name: functions and constants, with the comments inside them. */
export function declarations(source: string): Map<string, string> {
  const found = new Map<string, string>();
  const heads = [...source.matchAll(/^(?:fn|const) +([A-Za-z_]\w*)/gm)];
  for (const [position, head] of heads.entries()) {
    const text = source.slice(head.index, heads[position + 1]?.index ?? source.length);
    const end = head[0].startsWith("const") ? text.indexOf(";") + 1 : text.indexOf("\n}") + 2;
    found.set(head[1]!, text.slice(0, end));
  }
  return found;
}

const LIBRARY: ReadonlyMap<string, string> = new Map([
  ...declarations(math),
  ...declarations(philox),
  ...declarations(normal),
  ...declarations(dropout),
]);

/** The declarations that `text` needs, in the library's order. */
export function libraryFor(text: string): string {
  const needed = new Set<string>();
  const stack = [text];
  for (let part = stack.pop(); part !== undefined; part = stack.pop())
    for (const [word] of part.matchAll(/[A-Za-z_]\w*/g)) {
      const declaration = LIBRARY.get(word);
      if (declaration === undefined || needed.has(word)) continue;
      needed.add(word);
      stack.push(declaration);
    }
  return [...LIBRARY].flatMap(([name, declaration]) => (needed.has(name) ? [declaration] : [])).join("\n");
}
