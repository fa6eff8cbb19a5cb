/** Where in a text of JSON stands what a fault is about: by its path, or by the position that the browser's parser tells. Pure. */

/** From the key, or from the value where there is none, to the value's end. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

type Key = string | number;

const SPACE = /\s*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SIMPLE = /[^\s,:[\]{}"]+/y;

function past(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
const pastSpace = (text: string, at: number): number => past(SPACE, text, at);

/** Goes through a text that is known to be JSON, and keeps the place of the deepest part of the path that is there. */
class Search {
  place: Place | null = null;
  private readonly text: string;
  private depth = -1;

  constructor(text: string) {
    this.text = text;
  }

  private take(depth: number, start: number, end: number): void {
    if (depth < this.depth) return;
    this.depth = depth;
    this.place = { start, end };
  }

  /** Returns where the value ends. `path` is null off the way. */
  value(at: number, path: readonly Key[] | null, depth = 0, start = at): number {
    const { text } = this;
    const opening = text[at];
    const end =
      opening === "{" || opening === "["
        ? this.members(at, opening === "{", path, depth)
        : past(opening === '"' ? STRING : SIMPLE, text, at);
    if (path) this.take(depth, start, end);
    return end;
  }

  private members(at: number, isObject: boolean, path: readonly Key[] | null, depth: number): number {
    const { text } = this;
    let next = pastSpace(text, at + 1);
    for (let index = 0; next < text.length && text[next] !== "}" && text[next] !== "]"; index++) {
      const start = next;
      let key: Key = index;
      if (isObject) {
        next = past(STRING, text, start);
        key = JSON.parse(text.slice(start, next));
        next = pastSpace(text, pastSpace(text, next) + 1);
      }
      next = pastSpace(text, this.value(next, path && path.length > 0 && path[0] === key ? path.slice(1) : null, depth + 1, start));
      if (text[next] === ",") next = pastSpace(text, next + 1);
    }
    return next + 1;
  }
}

/** `model[3].body[0].units` */
const keysOf = (path: string): Key[] =>
  [...path.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([key, index]) => (index === undefined ? key : Number(index)));

/** A fault begins with its path, in an experiment that is JSON; the browser says of other text how far it could read. Null where neither leads anywhere. */
export function placeOf(fault: string, text: string): Place | null {
  const position = /at position (\d+)/.exec(fault);
  const line = /line (\d+) column (\d+)/.exec(fault);
  if (position) return at(Number(position[1]), text);
  if (line)
    return at(
      text.split("\n", Number(line[1]) - 1).reduce((sum, { length }) => sum + length + 1, Number(line[2]) - 1),
      text,
    );
  const path = /^[A-Za-z_]\w*(?:\.\w+|\[\d+\])*(?= )/.exec(fault);
  const search = new Search(text);
  if (path && isJson(text)) search.value(pastSpace(text, 0), keysOf(path[0]));
  return search.place;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const at = (position: number, text: string): Place => ({
  start: Math.min(position, text.length),
  end: Math.min(position + 1, text.length),
});

export const lineOf = (position: number, text: string): number => text.slice(0, position).split("\n").length;
