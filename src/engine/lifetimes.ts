/** Which nodes have values on the GPU, and who still needs them: a value goes when no handle and no pending work is left. */
import type { Node } from "../graph/node.ts";

interface Entry {
  /** Live handles on the node. */
  handles: number;
  /** Pending nodes that read it. */
  readers: number;
  buffer: GPUBuffer | undefined;
  /** Longest chain of pending nodes that ends here; 0 with a value. */
  depth: number;
}

export class Lifetimes {
  private readonly entries = new WeakMap<Node, Entry>();
  private readonly registry = new FinalizationRegistry<Node>((node) => this.release(node));
  private readonly free: (buffer: GPUBuffer) => void;

  constructor(free: (buffer: GPUBuffer) => void) {
    this.free = free;
  }

  bufferOf(node: Node): GPUBuffer | undefined {
    return this.entries.get(node)?.buffer;
  }

  /** Whether anyone needs the node still. */
  knows(node: Node): boolean {
    return this.entries.has(node);
  }

  isHeld(node: Node): boolean {
    return (this.entries.get(node)?.handles ?? 0) > 0;
  }

  /** One more handle on the node; returns how deep the pending work under it is. Iterative: a chain may be long. */
  retain(node: Node): number {
    const stack: Node[] = this.entries.has(node) ? [] : [node];
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const unknown = top.inputs.filter((input) => !this.entries.has(input));
      if (unknown.length > 0) {
        stack.push(...unknown);
        continue;
      }
      stack.pop();
      if (this.entries.has(top)) continue;
      let depth = 0;
      for (const input of top.inputs) {
        const entry = this.entries.get(input)!;
        entry.readers++;
        depth = Math.max(depth, entry.depth);
      }
      this.entries.set(top, { handles: 0, readers: 0, buffer: undefined, depth: top.inputs.length === 0 ? 0 : depth + 1 });
    }
    const entry = this.entries.get(node)!;
    entry.handles++;
    return entry.depth;
  }

  /** The node has a value now, and needs its inputs no longer. */
  realize(node: Node, buffer: GPUBuffer): void {
    let entry = this.entries.get(node);
    if (!entry) {
      entry = { handles: 0, readers: 0, buffer: undefined, depth: 0 };
      this.entries.set(node, entry);
    } else if (!entry.buffer) this.leave(node.inputs);
    entry.buffer = buffer;
    entry.depth = 0;
  }

  release(node: Node): void {
    const entry = this.entries.get(node);
    if (!entry) return;
    entry.handles--;
    this.collect([node]);
  }

  private leave(inputs: readonly Node[]): void {
    for (const input of inputs) {
      const entry = this.entries.get(input);
      if (entry) entry.readers--;
    }
    this.collect([...inputs]);
  }

  private collect(stack: Node[]): void {
    for (let node = stack.pop(); node; node = stack.pop()) {
      const entry = this.entries.get(node);
      if (!entry || entry.handles > 0 || entry.readers > 0) continue;
      this.entries.delete(node);
      if (entry.buffer) this.free(entry.buffer);
      else
        for (const input of node.inputs) {
          const read = this.entries.get(input);
          if (!read) continue;
          read.readers--;
          stack.push(input);
        }
    }
  }

  /** Releases the node when its handle is garbage, for those who do not dispose. */
  watch(handle: object, node: Node): void {
    this.registry.register(handle, node, handle);
  }

  unwatch(handle: object): void {
    this.registry.unregister(handle);
  }
}
