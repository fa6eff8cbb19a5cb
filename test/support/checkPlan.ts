/** What WebGPU would refuse of a plan, and reads of memory that nothing has written, found without a GPU. */
import { ALIGNMENT, type Plan, type PlanBinding } from "../../src/plan/types.ts";

const MOST_STORAGE = 8;
const MOST_WORKGROUPS = 65535;

const bufferName = ({ buffer }: PlanBinding): string => JSON.stringify(buffer);

/** Faults in words, one a line; empty where there is none. */
export function planFaults(plan: Plan): string {
  const faults: string[] = [];
  /** Of each pool, which 256-byte blocks have been written. */
  const written = plan.pools.map(({ bytes, persistent }) => new Uint8Array(Math.ceil(bytes / ALIGNMENT)).fill(persistent ? 1 : 0));
  const blocks = ({ offset, size }: PlanBinding): [number, number] => [offset / ALIGNMENT, Math.ceil((offset + size) / ALIGNMENT)];
  for (const [index, { kernel, bindings, workgroups, label }] of plan.dispatches.entries()) {
    const fault = (what: string): void => void faults.push(`dispatch ${index} (${label}): ${what}`);
    const { access } = plan.kernels[kernel]!;
    if (access.length !== bindings.length) fault(`${access.length} bindings in the kernel, ${bindings.length} here`);
    if (access.filter((kind) => kind !== "uniform").length > MOST_STORAGE) fault(`more than ${MOST_STORAGE} storage buffers`);
    if (workgroups.some((count) => count < 1 || count > MOST_WORKGROUPS)) fault(`${workgroups.join("×")} workgroups`);
    for (const [at, binding] of bindings.entries()) {
      const { buffer, offset, size } = binding;
      if (offset % ALIGNMENT !== 0) fault(`binding ${at} begins at ${offset}`);
      if (size <= 0 || size % 4 !== 0 || (access[at] === "uniform" && size % 16 !== 0)) fault(`binding ${at} has ${size} bytes`);
      const room = buffer.kind === "pool" ? plan.pools[buffer.index]!.bytes : buffer.kind === "constants" ? plan.constants.bytes : Infinity;
      if (offset + size > room) fault(`binding ${at} ends at ${offset + size} of ${room} bytes`);
      if (buffer.kind === "pool" && access[at] === "read" && written[buffer.index]!.subarray(...blocks(binding)).includes(0))
        fault(`binding ${at} reads memory that nothing has written`);
      for (const [other, second] of bindings.entries()) {
        if (other >= at || bufferName(second) !== bufferName(binding)) continue;
        const writes = [access[at], access[other]].filter((kind) => kind === "read_write").length;
        if (writes === 1) fault(`one buffer is read and written: bindings ${other} and ${at}`);
        if (writes === 2 && offset < second.offset + second.size && second.offset < offset + size)
          fault(`bindings ${other} and ${at} both write one place`);
      }
    }
    for (const [at, binding] of bindings.entries())
      if (binding.buffer.kind === "pool" && access[at] === "read_write") written[binding.buffer.index]!.fill(1, ...blocks(binding));
  }
  return faults.join("\n");
}
