/** What is mutated: every shader and its library, unless it is left out here. So a new kernel cannot be forgotten. */

/**
 * No kernels of an optimizer, a clip, a norm, noise or a loss. Stacks are matrix products and elementwise work, held to float64 and PyTorch by
 * test/gpu/depthFusion.test.ts and depthTraining.test.ts; what they do of a norm is lib/stack_norm.
 */
export const LEFT_OUT: readonly string[] = [
  "activation_statistics",
  "arg_reduce",
  "concat",
  "elementwise",
  "finish_activations",
  "finish_insight",
  "gather",
  "gather_batch",
  "insight_gradients",
  "insight_update",
  "matmul_register",
  "matmul_small",
  "matmul_tiled",
  "reduce",
  "scatter_clear",
  "scatter_link",
  "scatter_rows",
  "score_batch",
  "spread",
  "stack",
  "stack_weights",
];

/** Libraries of what is left out, and those whose functions are taken one by one (src/ops/library.ts) and have tests of their own. */
export const LEFT_OUT_LIBRARIES: readonly string[] = ["dropout", "grid", "math", "matmul", "normal", "output", "philox", "strips", "tiles"];

/** `file` is a path in shaders/. */
export function isTarget(file: string): boolean {
  const library = /^lib\/(\w+)\.wgsl$/.exec(file)?.[1];
  if (library !== undefined) return !LEFT_OUT_LIBRARIES.includes(library);
  const name = /^(\w+)\.wgsl$/.exec(file)?.[1];
  return name !== undefined && !LEFT_OUT.includes(name);
}
