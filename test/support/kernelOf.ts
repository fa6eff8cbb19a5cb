/** A kernel by hand, of one buffer that it reads and writes: what compiles, and what does not. */
import type { PlanKernel } from "../../src/plan/types.ts";

export const kernelOf = (template: string, more: Partial<PlanKernel> = {}): PlanKernel => ({
  name: "broken",
  template,
  defines: {},
  constants: {},
  access: ["read_write"],
  ...more,
});
