/** Orthogonal weights: a linear net of them keeps the norm of every signal and every gradient exactly, at any depth. */
import { checkOptions } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { checkShape, sizeOf } from "../core/shape.ts";
import { type Gain, gainOf } from "./fans.ts";
import type { Initializer } from "./initializer.ts";

export interface OrthogonalOptions {
  /** Factor on the whole matrix; default 1. */
  readonly gain?: Gain;
}

/**
 * Saxe, McClelland, Ganguli, ICLR 2014. Seen as [shape[0], the rest], the rows are orthonormal, or the columns where there are fewer of
 * them. Uniform (by Haar's measure): Gaussian vectors orthogonalised by Gram and Schmidt are the Q of a QR whose R has a positive
 * diagonal, so the sign needs no further fixing.
 */
export function orthogonal(options: OrthogonalOptions = {}): Initializer {
  checkOptions("init.orthogonal", options, ["gain"]);
  const gain = gainOf("init.orthogonal", options.gain ?? 1);
  return {
    name: "orthogonal",
    generate(shape, random) {
      checkShape("init.orthogonal", shape);
      if (shape.length < 2)
        throw new FathomError(
          "shape",
          `init.orthogonal: needs a weight of at least two axes, not [${shape.join(",")}]; use init.normal for a vector`,
        );
      const size = sizeOf(shape);
      if (size === 0) return new Float64Array(0);
      const rows = shape[0]!;
      const columns = size / rows;
      const wide = rows <= columns;
      const vectors = orthonormalVectors(Math.min(rows, columns), Math.max(rows, columns), random);
      const values = new Float64Array(size);
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++)
          values[row * columns + column] = gain * (wide ? vectors[row]![column]! : vectors[column]![row]!);
      return values;
    },
  };
}

/** Modified Gram-Schmidt, each vector passed twice: after the second pass the rest is of the order of rounding (Giraud et al., 2005). */
function orthonormalVectors(count: number, length: number, random: Random): Float64Array[] {
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, () => random.normal());
    const before = Math.sqrt(dot(vector, vector));
    for (let pass = 0; pass < 2; pass++) for (const other of vectors) subtractMultiple(vector, dot(vector, other), other);
    const after = Math.sqrt(dot(vector, vector));
    // What is left of a vector that lay almost in the span of the others is rounding noise: draw another.
    if (!(after > 1e-10 * before)) continue;
    for (let index = 0; index < length; index++) vector[index]! /= after;
    vectors.push(vector);
  }
  return vectors;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

function subtractMultiple(vector: Float64Array, factor: number, other: Float64Array): void {
  for (let index = 0; index < vector.length; index++) vector[index]! -= factor * other[index]!;
}
