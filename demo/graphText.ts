/** Reads what the engine prints of a graph and a plan, so that they can be drawn. Pure. */

export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly number[];
  /** "f32[64,10]", several for an op of several outputs. */
  readonly types: string;
}

export interface PlannedDispatch {
  /** The kernel's file, without the number of its variant. */
  readonly kernel: string;
  readonly workgroups: string;
  readonly reads: number;
  readonly writes: number;
  /** The ops that it computes. */
  readonly label: string;
}

/** `%3 = linear(%0, %1) {…} f32[8,8]`, one a line, inputs before those that read them. */
export function readGraph(text: string): GraphNode[] {
  return text.split("\n").flatMap((line) => {
    const found = /^%\d+ = (\w+)\(([^)]*)\)(.*)$/.exec(line);
    if (!found) return [];
    const [, op, inputs, rest] = found;
    const types = /((?:[a-z]\w*\[[\d,]*\]\s*)+)$/.exec(rest!)?.[1] ?? "";
    return [{ op: op!, inputs: [...inputs!.matchAll(/%(\d+)/g)].map(([, index]) => Number(index)), types: types.trim() }];
  });
}

/** `0: gather_batch#0 ⟨3×1×1⟩ x[0+320] →pool0[0+512]  ; gatherBatch`, and a last line of numbers. */
export function readPlan(text: string): PlannedDispatch[] {
  return text.split("\n").flatMap((line) => {
    const found = /^\d+: (\S+?)(?:#\d+)? ⟨([^⟩]*)⟩ (.*?) {2}; (.*)$/.exec(line);
    if (!found) return [];
    const [, kernel, workgroups, bindings, label] = found;
    const bound = bindings!.split(" ").filter((binding) => binding !== "");
    const writes = bound.filter((binding) => binding.startsWith("→")).length;
    return [{ kernel: kernel!, workgroups: workgroups!, reads: bound.length - writes, writes, label: label! }];
  });
}

/** Where a node stands in a step: what is given, the way up to the loss, the way down, and what is done with the gradients. */
export type Part = "given" | "forward" | "backward" | "update";

const LEAVES: ReadonlySet<string> = new Set(["state", "literal", "scalar", "leaf"]);
const LOSSES = /CrossEntropy|meanSquared|meanAbsolute|huber|margin|loss/i;

/** Updates begin where the gradients are packed. */
export function partsOf(nodes: readonly GraphNode[]): Part[] {
  const loss = nodes.findIndex(({ op }) => LOSSES.test(op));
  const pack = nodes.findIndex(({ op }) => op === "pack");
  return nodes.map(({ op }, index) => {
    if (LEAVES.has(op)) return "given";
    if (pack >= 0 && index >= pack) return "update";
    return loss >= 0 && index > loss ? "backward" : "forward";
  });
}

/** Of each node one more than the largest of what it reads; of what is given 0. */
export function ranksOf(nodes: readonly GraphNode[]): number[] {
  const ranks: number[] = [];
  for (const { inputs } of nodes) ranks.push(inputs.reduce((rank, input) => Math.max(rank, ranks[input]! + 1), 0));
  return ranks;
}
