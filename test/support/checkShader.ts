/** Refuses a shader's text that the preprocessor would take in silence, and defines that do not fit it. */
import { FathomError } from "../../src/core/errors.ts";
import { type Defines, HOLE } from "../../src/gpu/specialize.ts";

type DirectiveName = "if" | "elif" | "else" | "endif";

/** One `${NAME}`, in the order of the text. */
interface Hole {
  readonly define: string;
  readonly line: number;
  readonly isFlag: boolean;
}

/** The line that opens with a directive: its name, and the rest of the line without a comment. */
const DIRECTIVE = /^\s*#(\S*)\s*(.*?)\s*(?:\/\/.*)?$/;
const CONDITION = /^\s*#(?:if|elif)\s/;
/** The preprocessor acts on these wherever they stand, also inside a comment. */
const STRAY_DIRECTIVE = /#(?:if|elif|else|endif)(?=\s|\$|$)/;

/**
 * `name` is the shader's file; lines count from the top of `source`. A shader's defines are its signature: each name that the text mentions must be
 * given, in a branch that falls away too, and each one that is given must be mentioned.
 */
export function checkShader(name: string, source: string, defines: Defines): void {
  checkDefines(name, readHoles(name, source), defines);
}

/** Finds each `${NAME}` and checks the form and the nesting of every directive. */
function readHoles(name: string, source: string): Hole[] {
  const holes: Hole[] = [];
  const open: { line: number; sawElse: boolean }[] = [];
  const lines = source.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const text = lines[index]!;
    const line = index + 1;
    if (!text.includes("#") && !text.includes("${")) continue;
    const directive = DIRECTIVE.exec(text);
    if (directive) readDirective(name, line, directive[1]!, directive[2]!, open);
    else if (STRAY_DIRECTIVE.test(text)) {
      throw malformed(name, line, text, "a directive must stand first on its line, and not in a comment");
    }
    readLineHoles(name, line, text, holes);
  }
  const unclosed = open.pop();
  if (unclosed) throw malformed(name, unclosed.line, lines[unclosed.line - 1]!, "this #if has no #endif");
  return holes;
}

/** Checks one directive and keeps the stack of open `#if`s. */
function readDirective(name: string, line: number, directive: string, rest: string, open: { line: number; sawElse: boolean }[]): void {
  const text = `#${directive} ${rest}`;
  if (!isDirective(directive)) throw malformed(name, line, text, "the directives are #if, #elif, #else and #endif");
  if (directive === "if" || directive === "elif") {
    if (rest.replace(HOLE, "") !== "" || rest === "") {
      throw malformed(name, line, text, `write #${directive} \${FLAG} with exactly one flag; combine flags in TypeScript`);
    }
  } else if (rest !== "") throw malformed(name, line, text, `nothing but a comment may follow #${directive}`);

  if (directive === "if") {
    open.push({ line, sawElse: false });
    return;
  }
  const current = open.at(-1);
  if (!current) throw malformed(name, line, text, "no #if is open here");
  if (directive === "endif") {
    open.pop();
    return;
  }
  if (current.sawElse) throw malformed(name, line, text, `the #if of line ${current.line} already has its #else`);
  current.sawElse = directive === "else";
}

function isDirective(word: string): word is DirectiveName {
  return word === "if" || word === "elif" || word === "else" || word === "endif";
}

/** Collects the `${NAME}`s of a line and refuses what only looks like one. */
function readLineHoles(name: string, line: number, text: string, holes: Hole[]): void {
  const decides = CONDITION.test(text);
  const pieces = text.split(HOLE);
  for (let piece = 0; piece < pieces.length; piece++) {
    if (piece % 2 === 0) {
      if (pieces[piece]!.includes("${")) {
        throw malformed(name, line, text, "a define is written ${NAME}, with capitals, digits and underscores only");
      }
    } else {
      // The first of such a line is its flag; one more can only be in the comment behind it.
      holes.push({ define: pieces[piece]!, line, isFlag: decides && piece === 1 });
    }
  }
}

/** Refuses missing, unused and wrongly typed defines. */
function checkDefines(name: string, holes: readonly Hole[], defines: Defines): void {
  const used = new Set<string>();
  for (const { define, line, isFlag } of holes) {
    used.add(define);
    if (!Object.hasOwn(defines, define)) {
      throw shaderError(name, line, `\${${define}} has no value; given are ${list(Object.keys(defines))}`);
    }
    const value = defines[define];
    if (isFlag && typeof value !== "boolean") {
      throw shaderError(name, line, `\${${define}} decides an #if and must be true or false, not ${JSON.stringify(value)}`);
    }
    if (!isFlag && typeof value === "boolean") {
      throw shaderError(name, line, `\${${define}} is put in as text and must be a number or a string; booleans are for #if`);
    }
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw shaderError(name, line, `\${${define}} is ${value}, which WGSL cannot write`);
    }
  }
  const unused = Object.keys(defines).filter((define) => !used.has(define));
  if (unused.length > 0) {
    throw new FathomError("shader", `${name}: never mentions ${list(unused)}; leave the define out, or use it in the shader`, {
      details: { shader: name, unused },
    });
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map((define) => `\${${define}}`).join(", ");
}

function malformed(name: string, line: number, text: string, remedy: string): FathomError {
  return shaderError(name, line, `malformed "${text.trim()}": ${remedy}`);
}

function shaderError(name: string, line: number, problem: string): FathomError {
  return new FathomError("shader", `${name}:${line}: ${problem}`, { details: { shader: name, line } });
}
