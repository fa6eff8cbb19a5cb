/** Gradients of functions of tensors; they are tensors again, so that they can be differentiated in turn. */
import { backward, blockedBy } from "./autodiff/backward.ts";
import { FathomError } from "./core/errors.ts";
import { describe } from "./core/shape.ts";
import { literal } from "./ops/define.ts";
import { alias, broadcastTo } from "./ops/views.ts";
import type { Tensor } from "./tensor.ts";

export interface ValueAndGradients {
  readonly value: Tensor;
  /** One for each argument, of its shape. */
  readonly gradients: readonly Tensor[];
}

/**
 * A function that gives `fn`'s value, a scalar, and its gradient with respect to each argument.
 * Tensors that `fn` takes from elsewhere count as constants. Throws a FathomError (shape) where the value is no scalar,
 * (dtype) where an argument is not f32, (nondifferentiable) where an op without a gradient stands between an argument and the value.
 */
export function valueAndGrad(fn: (...args: Tensor[]) => Tensor): (...args: Tensor[]) => ValueAndGradients {
  return (...args) => {
    const first = args[0];
    if (!first) throw new FathomError("argument", "valueAndGrad: the function needs at least one tensor to differentiate by");
    const { owner } = first;
    return owner.trace(() => {
      const variables = args.map((tensor) => {
        if (tensor.dtype !== "f32") throw new FathomError("dtype", `valueAndGrad: gradients are of f32 tensors, got ${describe(tensor)}`);
        // A node of its own, so that other uses of the same tensor stay constants.
        return alias(tensor.node);
      });
      const handles = variables.map((node) => owner.wrap(node));
      const value = fn(...handles);
      const root = value.node;
      for (const handle of handles) if (handle !== value) handle.dispose();
      if (root.shape.length > 0)
        throw new FathomError(
          "shape",
          `valueAndGrad: the function must give a scalar, got ${describe(root)}; reduce it with .sum() or .mean()`,
        );
      const gradients = backward([{ node: root }], variables).map((gradient, index) => {
        const variable = variables[index]!;
        if (gradient) return gradient;
        const barrier = blockedBy(root, variable);
        if (barrier)
          throw new FathomError(
            "nondifferentiable",
            `valueAndGrad: ${barrier.op.name} has no gradient, and all of argument ${index} goes through it; use detach() where none is meant`,
          );
        return broadcastTo(literal(0), variable.shape);
      });
      owner.together([root, ...gradients]);
      return { value, gradients: gradients.map((node) => owner.wrap(node)) };
    });
  };
}

/** The gradient of `fn`, a scalar function, with respect to its first argument. See `valueAndGrad`. */
export function grad(fn: (...args: Tensor[]) => Tensor): (...args: Tensor[]) => Tensor {
  const both = valueAndGrad(fn);
  return (...args) => both(...args).gradients[0]!;
}
