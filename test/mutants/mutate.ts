/** Mutants of a WGSL text: one sign flipped, one term or factor dropped, one comparison turned, one constant made another, at a time. */

export interface Mutant {
  /** As it stands there, without what surrounds it. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** The whole text, mutated. */
  readonly text: string;
}

/** What one occurrence is replaced by. */
interface Rule {
  readonly pattern: RegExp;
  readonly make: (found: RegExpMatchArray) => string;
}

const RULES: readonly Rule[] = [
  // Signs: a binary operator has spaces around it, as the formatter writes it.
  { pattern: / \+ /g, make: () => " - " },
  { pattern: / - /g, make: () => " + " },
  { pattern: /\+= /g, make: () => "-= " },
  { pattern: /-= /g, make: () => "+= " },
  { pattern: /(?<=[(,=] ?|return )-(?=[\w(])/g, make: () => "" },
  { pattern: / \/ /g, make: () => " * " },
  // Comparisons and choices.
  { pattern: / < /g, make: () => " >= " },
  { pattern: / > /g, make: () => " <= " },
  { pattern: / <= /g, make: () => " > " },
  { pattern: / >= /g, make: () => " < " },
  { pattern: / == /g, make: () => " != " },
  { pattern: / != /g, make: () => " == " },
  { pattern: / && /g, make: () => " || " },
  { pattern: / \|\| /g, make: () => " && " },
  { pattern: /\bmin\(/g, make: () => "max(" },
  { pattern: /\bmax\(/g, make: () => "min(" },
  { pattern: /\bif \((?=!?\w+\()/g, make: () => "if (!" },
  // Numbers.
  { pattern: /(?<![\w.])1\.0(?![\w.])/g, make: () => "0.0" },
  { pattern: /(?<![\w.])0\.0(?![\w.])/g, make: () => "1.0" },
  { pattern: /(?<![\w.])0\.5(?![\w.])/g, make: () => "1.0" },
  { pattern: /(?<![\w.])2\.0(?![\w.])/g, make: () => "1.0" },
];

/** Directives, attributes, declarations and comments compute nothing. */
const SILENT = /^\s*(#|\/\/|@|override\b|enable\b|alias\b|struct\b|requires\b|\w+: \w+,?$)/;

/** What stands before the condition of a loop, and the condition. */
const LOOP = /^(\s*for \([^;]*; )([^;]*);/;
const COMPARISON = /^ (<|>|<=|>=|==|!=) $/;

export function mutantsOf(source: string): Mutant[] {
  const lines = source.split("\n");
  return lines.flatMap((line, index) => {
    if (SILENT.test(line)) return [];
    const code = line.replace(/\/\/.*$/, "");
    const changed = new Set<string>();
    const loop = LOOP.exec(code);
    const condition = loop ? { from: loop[1]!.length, to: loop[1]!.length + loop[2]!.length } : null;
    // A loop whose condition is turned might run for minutes: it does not run at all instead.
    if (condition) changed.add(`${code.slice(0, condition.from)}false${code.slice(condition.to)}`);
    for (const { pattern, make } of RULES)
      for (const found of code.matchAll(pattern)) {
        if (condition && COMPARISON.test(found[0]) && found.index >= condition.from && found.index < condition.to) continue;
        changed.add(code.slice(0, found.index) + make(found) + code.slice(found.index + found[0].length));
      }
    for (const one of dropped(code)) changed.add(one);
    return [...changed].map((after) => ({
      line: index + 1,
      before: code.trim(),
      after: after.trim(),
      text: lines.with(index, after).join("\n"),
    }));
  });
}

/** The line without one operand of a sum or a product: `a + b` becomes a, and b; `a * b` a, and b. */
function* dropped(code: string): Generator<string> {
  for (const found of code.matchAll(/ ([+\-*/]) /g)) {
    const at = found.index;
    const isProduct = found[1] === "*" || found[1] === "/";
    const after = operandEnd(code, at + 3, isProduct);
    if (after > at + 3) yield code.slice(0, at) + code.slice(after);
    const before = operandStart(code, at, isProduct);
    if (found[1] === "+" || found[1] === "*") if (before < at) yield code.slice(0, before) + code.slice(at + 3);
  }
}

const ENDS_SUM = / [+\-<>=!&|]/;
const ENDS_PRODUCT = / [+\-<>=!&|*/%]/;

/** Where the operand that begins at `from` ends. */
function operandEnd(code: string, from: number, isProduct: boolean): number {
  let depth = 0;
  for (let at = from; at < code.length; at++) {
    const sign = code[at]!;
    if ("([{".includes(sign)) depth++;
    if (")]}".includes(sign) && depth-- === 0) return at;
    if (depth > 0) continue;
    if (sign === ";" || sign === ",") return at;
    if (sign === " " && (isProduct ? ENDS_PRODUCT : ENDS_SUM).test(code.slice(at, at + 2))) return at;
  }
  return from;
}

/** Where the operand that ends at `to` begins. */
function operandStart(code: string, to: number, isProduct: boolean): number {
  let depth = 0;
  for (let at = to - 1; at >= 0; at--) {
    const sign = code[at]!;
    if (")]}".includes(sign)) depth++;
    if ("([{".includes(sign) && depth-- === 0) return at + 1;
    if (depth > 0 || sign !== " ") continue;
    const rest = code.slice(0, at);
    if (/(=|,|return|[<>&|])$/.test(rest)) return at + 1;
    if ((isProduct ? /[+\-*/%]$/ : /[+-]$/).test(rest)) return at + 1;
  }
  return to;
}

/** Rounds of all loops that one invocation may make. */
const FUEL = 1 << 17;
const BOUNDED_LOOP = /for \((var (?!half|first|pass_index|round = 0u; round < LAYERS)[^;]*; )([^;]+);/g;

/** The text with loops that end, whatever their bounds have become; but for those that hold a barrier, which all invocations must reach. */
export function withFuel(text: string): string {
  const loops = text
    .replace(BOUNDED_LOOP, (_, start: string, condition: string) => `for (${start}has_fuel() && (${condition});`)
    .replace(/while \((.+)\) \{/g, (_, condition: string) => `while (has_fuel() && (${condition})) {`);
  return `${loops}
var<private> fuel: u32 = ${FUEL}u;
fn has_fuel() -> bool {
  fuel = max(fuel, 1u) - 1u;
  return fuel > 0u;
}
`;
}
