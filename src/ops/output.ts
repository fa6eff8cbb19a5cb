/** How a kernel hands over its result: float32 through the epilogue that the planner writes, integers straight into their buffer. */
import type { DType } from "../core/dtype.ts";
import type { Binding, Define, KernelCall } from "../graph/op.ts";

/**
 * Completes a call whose shader begins with lib/output.wgsl, so that it can hand each result to `epilogue`. Only float32 results can run
 * through an epilogue that does more than store them: an op on integers is a record of its own, which does not say `fusesEpilogue`.
 */
export function withOutput(
  call: Omit<KernelCall, "epilogue"> & { readonly defines: Readonly<Record<string, Define>> },
  dtype: DType,
  to: Binding = { output: 0 },
  fused = dtype === "f32",
): KernelCall {
  const defines = { ...call.defines, FUSED: fused, EPILOGUE: "", OUTPUT_BINDING: call.bindings.length, OUTPUT: dtype };
  return fused ? { ...call, defines, epilogue: { width: 1 } } : { ...call, defines, bindings: [...call.bindings, to] };
}
