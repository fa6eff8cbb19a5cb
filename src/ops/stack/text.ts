/** The WGSL of a pass: for each phase a function that finishes an element, and `walk`, which runs the phases of one round. */
import type { Node } from "../../graph/node.ts";
import type { Listed } from "../../graph/op.ts";
import { literalOp, scalarOp } from "../define.ts";
import { libraryFor } from "../library.ts";
import { literalText, numberText } from "../numberText.ts";
import { rowNormGradientOp, rowNormOp } from "../rowNorm.ts";
import { leastExponent } from "../rowNormKernel.ts";
import { type Kept, type Pass, type Passes, producer } from "./passes.ts";
import type { Round } from "./round.ts";

/** The four elements of a column, counted in x. */
const INDEX = "(vec4u((first_row + row) * WIDTH + 4u * column) + vec4u(0u, 1u, 2u, 3u))";

export interface PassText {
  readonly text: string;
  readonly usesWords: boolean;
}

export function forwardText(round: Round, passes: Passes, options: { readonly keeps: boolean; readonly checks: boolean }): PassText {
  const stores = new Map<Node, string>();
  if (options.keeps) {
    for (const [node, kept] of passes.kept) if (node !== producer(round.x) && kept !== "next") stores.set(node, keptSlot(passes, kept));
    stores.set(passes.forward.end, keptSlot(passes, "next"));
  }
  return new Writer(round, passes, passes.forward, { ...options, stores, along: new Map(), load: () => null }).write();
}

export function backwardText(round: Round, passes: Passes): PassText {
  const slot = (at: number): string => `layer * ${passes.storedSlots}u + ${at}u`;
  const stores = new Map([...passes.stored].map(([node, at]) => [node, slot(at)]));
  const along = new Map([...passes.along].map(([node, at]) => [node, slot(at)]));
  const load = (node: Node): string | null => {
    const kept = passes.kept.get(node);
    return kept === undefined ? null : `saved_at(${keptSlot(passes, kept)}, row, column)`;
  };
  return new Writer(round, passes, passes.backward, { keeps: true, checks: false, stores, along, load }).write();
}

const keptSlot = ({ keptSlots }: Passes, kept: Kept): string =>
  kept === "next" ? `(layer + 1u) * ${keptSlots}u` : `layer * ${keptSlots}u + ${kept.slot}u`;

interface WriterOptions {
  readonly keeps: boolean;
  readonly checks: boolean;
  /** The slot that a value is stored in. */
  readonly stores: ReadonlyMap<Node, string>;
  /** The slot of a norm's gradient's dy · x̂. */
  readonly along: ReadonlyMap<Node, string>;
  /** What reads a value that another pass has left; null where none has. */
  readonly load: (node: Node) => string | null;
}

class Writer {
  private usesWords = false;
  private readonly offsets: ReadonlyMap<Node, number>;
  private readonly round: Round;
  private readonly passes: Passes;
  private readonly pass: Pass;
  private readonly options: WriterOptions;

  constructor(round: Round, passes: Passes, pass: Pass, options: WriterOptions) {
    this.round = round;
    this.passes = passes;
    this.pass = pass;
    this.options = options;
    this.offsets = new Map(round.leaves.parameters.map(({ node, offset }) => [node, offset]));
  }

  write(): PassText {
    const { phases, tileOf, tiles, end } = this.pass;
    const functions = phases.map((_, phase) => this.finish(phase));
    const walk = phases.flatMap((_, phase) => this.phase(phase));
    const last = tileOf.get(end)!;
    const exchange = last === 0 ? [] : ["  let begin = tile_0;", `  tile_0 = tile_${last};`, `  tile_${last} = begin;`];
    const private_ = Array.from({ length: tiles }, (_, tile) => `var<private> tile_${tile}: u32 = ${tile}u * TILE;`);
    const body = [...private_, ...functions.filter((text) => text !== ""), `fn walk() {\n${[...walk, ...exchange].join("\n")}\n}`].join(
      "\n",
    );
    return { text: `alias F = vec4f;\nalias I = vec4i;\nalias U = vec4u;\n${libraryFor(body)}\n${body}`, usesWords: this.usesWords };
  }

  /** Where a parameter of this round begins. */
  private parameter(node: Node): string {
    return `layer * STRIDE + ${this.offsets.get(node)!}u`;
  }

  private hasElements(phase: number): boolean {
    const { anchor, members } = this.pass.phases[phase]!;
    return phase > 0 || members.length > 0 || this.options.stores.has(anchor);
  }

  /** The function that takes element `column` (four features) of a row of what the phase begins with. */
  private finish(phase: number): string {
    if (!this.hasElements(phase)) return "";
    const { anchor, members } = this.pass.phases[phase]!;
    const lines = ["let at = row * COLUMNS + column;"];
    const names = new Map<Node, string>([[anchor, "value"]]);
    const checked = this.options.checks ? this.round.leaves.checked.get(anchor) : undefined;
    if (checked !== undefined) lines.push(`check(${checked}u, value);`);
    this.store(anchor, "value", lines, phase > 0);
    for (const member of members) {
      const { form } = member.op;
      if (form.kind !== "elementwise") continue;
      const inputs = member.inputs.map((input) => this.operand(producer(input), names, lines));
      const name = `v${lines.length}`;
      lines.push(`let ${name} = ${form.wgsl(inputs as unknown as Listed<string>, member.attributes, INDEX, 4)};`);
      names.set(member, name);
      this.store(member, name, lines, true);
    }
    return `fn finish_${phase}(row: u32, column: u32, value: F) {\n${lines.map((line) => `  ${line}`).join("\n")}\n}`;
  }

  private store(node: Node, name: string, lines: string[], toTile: boolean): void {
    const tile = this.pass.tileOf.get(node);
    const slot = this.options.stores.get(node);
    if (toTile && tile !== undefined) lines.push(`tiles[tile_${tile} + at] = within(column, ${name});`);
    if (slot !== undefined) lines.push(`keep(${slot}, row, column, ${name});`);
  }

  private operand(node: Node, names: Map<Node, string>, lines: string[]): string {
    const known = names.get(node);
    if (known !== undefined) return known;
    const { words, users, usersPerRound } = this.round.leaves;
    if (node.op === literalOp || node.op === scalarOp) {
      const user = users.get(node);
      if (user === undefined) return literalText(node.attributes.value, node.dtype);
      return `U(FIRST_USER + layer * ${usersPerRound}u + ${user}u)`;
    }
    const word = words.get(node);
    if (word !== undefined) {
      this.usesWords = true;
      return `U(words[${word}])`;
    }
    const name = `x${lines.length}`;
    lines.push(`let ${name} = ${this.options.load(node) ?? `tiles[tile_${this.pass.tileOf.get(node)!} + at]`};`);
    names.set(node, name);
    return name;
  }

  private phase(phase: number): string[] {
    if (!this.hasElements(phase)) return [];
    const { anchor } = this.pass.phases[phase]!;
    return [...(phase === 0 ? this.begin() : this.phaseLoop(phase, anchor)), "  workgroupBarrier();"];
  }

  private phaseLoop(phase: number, anchor: Node): string[] {
    const source = `tile_${this.pass.tileOf.get(producer(anchor.inputs[0]!))!}`;
    if (anchor.op === rowNormOp) return this.norm(phase, anchor, source);
    return anchor.op === rowNormGradientOp ? this.normGradient(phase, anchor, source) : this.product(phase, anchor, source);
  }

  /** What the pass begins with lies in tile 0, whatever op it is of. */
  private begin(): string[] {
    return ["  for (var at = place; at < TILE; at += SIZE) {", "    finish_0(at / COLUMNS, at % COLUMNS, tiles[tile_0 + at]);", "  }"];
  }

  private product(phase: number, anchor: Node, source: string): string[] {
    const [, weight, bias] = anchor.inputs;
    const added = bias ? ` + parameter_four(${this.parameter(bias)}, column)` : "";
    return [
      "  for (var first = 0u; first < COLUMNS; first += SPAN) {",
      `    multiply(${source}, ${this.parameter(weight!)}, first + own_column);`,
      "    for (var piece = 0u; piece < PIECES; piece++) {",
      "      let column = first + own_column + piece % PIECE_COLUMNS;",
      "      if (column < COLUMNS) {",
      `        finish_${phase}(own_row + piece / PIECE_COLUMNS, column, pieces[piece]${added});`,
      "      }",
      "    }",
      "  }",
    ];
  }

  private norm(phase: number, anchor: Node, source: string): string[] {
    const { scale, shift, centered, epsilon } = anchor.attributes;
    const [, gamma, beta] = anchor.inputs;
    const factor = scale === "features" ? ` * parameter_four(${this.parameter(gamma!)}, column)` : "";
    const added = shift ? ` + parameter_four(${this.parameter(beta!)}, column)` : "";
    return [
      "  for (var row = place; row < TILE_ROWS; row += SIZE) {",
      `    let line = measure(${source} + row * COLUMNS, ${centered}, ${numberText(epsilon, "f32")}, ${leastExponent(epsilon)}u);`,
      ...(this.options.keeps ? [`    keep_line(${this.line(anchor)}, row, line);`] : []),
      "    for (var column = 0u; column < COLUMNS; column++) {",
      `      finish_${phase}(row, column, normalized(tiles[${source} + row * COLUMNS + column], line)${factor}${added});`,
      "    }",
      "  }",
    ];
  }

  private line(norm: Node): string {
    return `layer * ${this.passes.norms.length}u + ${this.passes.norms.indexOf(norm)}u`;
  }

  private normGradient(phase: number, anchor: Node, source: string): string[] {
    const { scale, centered } = anchor.attributes;
    const [, x, statistics, gamma] = anchor.inputs;
    const factor = scale === "features" ? ` * parameter_four(${this.parameter(gamma!)}, column)` : "";
    const along = this.options.along.get(anchor);
    const normalized = `within(column, normalized(${this.options.load(producer(x!))!}, line))`;
    return [
      "  for (var row = place; row < TILE_ROWS; row += SIZE) {",
      `    let line = saved_line(${this.line(statistics!.inputs[0]!)}, row);`,
      "    var sum = vec4f(0.0);",
      "    var along = vec4f(0.0);",
      "    for (var column = 0u; column < COLUMNS; column++) {",
      `      let dy = tiles[${source} + row * COLUMNS + column];`,
      `      let hat = ${normalized};`,
      ...(along ? [`      keep(${along}, row, column, dy * hat);`] : []),
      `      let g = dy${factor};`,
      "      sum += g;",
      "      along += g * hat;",
      "    }",
      `    let mean = ${centered ? "mean_of(sum)" : "0.0"};`,
      "    let share = mean_of(along);",
      "    for (var column = 0u; column < COLUMNS; column++) {",
      `      let hat = ${normalized};`,
      `      let g = tiles[${source} + row * COLUMNS + column]${factor};`,
      `      finish_${phase}(row, column, within(column, norm_gradient(g, hat, mean, share, line)));`,
      "    }",
      "  }",
    ];
  }
}
