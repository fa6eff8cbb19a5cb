/** A plan: a flat list of dispatches over preallocated buffers, as plain data. */
import type { DType } from "../core/dtype.ts";
import type { TensorType } from "../graph/node.ts";
import type { Define } from "../graph/op.ts";

export type Access = "read" | "read_write" | "uniform";

/** Where memory lies. Pools belong to the plan; inputs, outputs and states are given when it is prepared. */
export type BufferReference =
  | { readonly kind: "pool"; readonly index: number }
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "output"; readonly index: number }
  | { readonly kind: "state"; readonly name: string }
  | { readonly kind: "constants" };

/** A range of a buffer; bytes. Offsets are multiples of 256. */
export interface PlanBinding {
  readonly buffer: BufferReference;
  readonly offset: number;
  readonly size: number;
}

/** A compiled unit: what it is is its text, its constants and its bindings' access. Shared by equal dispatches. */
export interface PlanKernel {
  readonly name: string;
  /** The shader before its defines are put in. */
  readonly template: string;
  readonly defines: Readonly<Record<string, Define>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly access: readonly Access[];
  /** Bytes that each binding has at least, where the text is to know them; of all dispatches that share the kernel. */
  readonly sizes?: readonly number[];
}

export interface PlanDispatch {
  readonly kernel: number;
  readonly bindings: readonly PlanBinding[];
  readonly workgroups: readonly [number, number, number];
  /** What it computes, for people. */
  readonly label: string;
}

/** One number in the constants buffer: a formula's, or the graph's `scalar`-th user number, which is data. Byte offset. */
export interface PlanConstant {
  readonly offset: number;
  readonly dtype: DType;
  readonly value: { readonly literal: number } | { readonly scalar: number };
}

export interface Plan {
  readonly kernels: readonly PlanKernel[];
  readonly dispatches: readonly PlanDispatch[];
  /** Bytes of each pool. A persistent one begins zeroed and is never shared between values. */
  readonly pools: readonly { readonly bytes: number; readonly persistent: boolean }[];
  /** The most bytes of the pools that are in use at once: activations, gradients on their way, temporaries, and all that is persistent. */
  readonly peakBytes: number;
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  /** Elements of each state that the plan names. */
  readonly states: Readonly<Record<string, number>>;
  readonly constants: { readonly bytes: number; readonly entries: readonly PlanConstant[] };
}

export const ALIGNMENT = 256;

export function alignUp(bytes: number, alignment: number = ALIGNMENT): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Bytes of the plan's own buffers. */
export function planBytes(plan: Plan): number {
  return plan.pools.reduce((bytes, pool) => bytes + pool.bytes, plan.constants.bytes);
}

const place = ({ buffer, offset, size }: PlanBinding): string => {
  const name = "index" in buffer ? `${buffer.kind}${buffer.index}` : buffer.kind === "state" ? buffer.name : buffer.kind;
  return `${name}[${offset}+${size}]`;
};

/** The plan as text, one dispatch a line. */
export function printPlan(plan: Plan): string {
  const lines = plan.dispatches.map(({ kernel, bindings, workgroups, label }, index) => {
    const { name, access } = plan.kernels[kernel]!;
    const bound = bindings.map((binding, at) => `${access[at] === "read_write" ? "→" : ""}${place(binding)}`).join(" ");
    return `${index}: ${name}#${kernel} ⟨${workgroups.join("×")}⟩ ${bound}  ; ${label}`;
  });
  const pools = plan.pools.map((pool, index) => `pool${index} ${pool.bytes}${pool.persistent ? " persistent" : ""}`);
  return [
    ...lines,
    `${plan.dispatches.length} dispatches, ${plan.kernels.length} kernels; ${pools.join(", ") || "no pools"} bytes, at most ${plan.peakBytes} at once; constants ${plan.constants.bytes}`,
  ].join("\n");
}
