/** The hand-written shaders that are always there, by name, each with the library text that it stands on. What is rarely wanted is loaded with its op. */
import argReduce from "../../shaders/arg_reduce.wgsl?raw";
import concat from "../../shaders/concat.wgsl?raw";
import elementwise from "../../shaders/elementwise.wgsl?raw";
import finishLoss from "../../shaders/finish_loss.wgsl?raw";
import gather from "../../shaders/gather.wgsl?raw";
import columns from "../../shaders/lib/columns.wgsl?raw";
import grid from "../../shaders/lib/grid.wgsl?raw";
import lanes from "../../shaders/lib/lanes.wgsl?raw";
import matmulLibrary from "../../shaders/lib/matmul.wgsl?raw";
import output from "../../shaders/lib/output.wgsl?raw";
import rows from "../../shaders/lib/rows.wgsl?raw";
import strips from "../../shaders/lib/strips.wgsl?raw";
import tiles from "../../shaders/lib/tiles.wgsl?raw";
import matmulRegister from "../../shaders/matmul_register.wgsl?raw";
import matmulSmall from "../../shaders/matmul_small.wgsl?raw";
import matmulTiled from "../../shaders/matmul_tiled.wgsl?raw";
import multiMargin from "../../shaders/multi_margin.wgsl?raw";
import pointwiseLoss from "../../shaders/pointwise_loss.wgsl?raw";
import reduce from "../../shaders/reduce.wgsl?raw";
import rowNorm from "../../shaders/row_norm.wgsl?raw";
import rowNormGradient from "../../shaders/row_norm_gradient.wgsl?raw";
import rowNormGradientPartials from "../../shaders/row_norm_gradient_partials.wgsl?raw";
import scatterClear from "../../shaders/scatter_clear.wgsl?raw";
import scatterLink from "../../shaders/scatter_link.wgsl?raw";
import scatterRows from "../../shaders/scatter_rows.wgsl?raw";
import softmax from "../../shaders/softmax.wgsl?raw";
import softmaxCrossEntropy from "../../shaders/softmax_cross_entropy.wgsl?raw";
import spread from "../../shaders/spread.wgsl?raw";
import { FathomError } from "../core/errors.ts";
import type { Shader } from "../graph/op.ts";
import { libraryFor } from "./library.ts";

/** The library's functions that a shader on single numbers mentions, or that its defines will; F is f32. */
export const withLibrary = (text: string, ...mentioned: readonly string[]): string =>
  `alias F = f32;\nalias I = i32;\nalias U = u32;\n${libraryFor([text, ...mentioned].join(" "))}\n${text}`;

export const SHADERS: Readonly<Record<string, string>> = {
  elementwise: grid + elementwise,
  // An `enable` must come first.
  matmul_register: matmulRegister + grid + matmulLibrary + tiles + strips,
  matmul_small: matmulSmall + grid + matmulLibrary + tiles,
  matmul_tiled: grid + matmulLibrary + matmulTiled,
  reduce: grid + output + reduce,
  arg_reduce: grid + argReduce,
  concat: grid + output + concat,
  gather: grid + output + gather,
  scatter_clear: grid + scatterClear,
  scatter_link: grid + scatterLink,
  scatter_rows: grid + output + scatterRows,
  spread: grid + output + spread,
  finish_loss: lanes + finishLoss,
  multi_margin: grid + lanes + withLibrary(multiMargin),
  pointwise_loss: grid + lanes + withLibrary(pointwiseLoss, "math_log1p"),
  row_norm: grid + rows + rowNorm,
  row_norm_gradient: grid + columns + rows + rowNormGradient,
  row_norm_gradient_partials: grid + columns + rowNormGradientPartials,
  softmax: grid + lanes + withLibrary(softmax),
  softmax_cross_entropy: grid + lanes + withLibrary(softmaxCrossEntropy),
};

/** The shader of a call. */
export function shaderOf(shader: string | Shader): Shader {
  if (typeof shader !== "string") return shader;
  const text = SHADERS[shader];
  if (text === undefined) throw new FathomError("internal", `no shader is named ${shader}`);
  return { name: shader, text };
}
