/** WGSL of where the elements of a strided grid lie. */
import { type Shape, contiguousStrides } from "../core/shape.ts";

/** Where element `index` (text, u32) of a row-major grid of `sizes` lies when its axes are `strides` apart and it begins at `base`. */
export function offsetText(sizes: Shape, strides: readonly number[], index: string, base = 0): string {
  const inner = contiguousStrides(sizes);
  const terms = sizes.flatMap((size, axis) => (size === 1 || strides[axis] === 0 ? [] : [`(${index} / ${inner[axis]}u) % ${size}u * ${strides[axis]}u`]));
  if (base > 0) terms.push(`${base}u`);
  return terms.join(" + ") || "0u";
}
