/** The hand-written shaders by name, each with the library text that it stands on. */
import activationStatistics from "../../shaders/activation_statistics.wgsl?raw";
import argReduce from "../../shaders/arg_reduce.wgsl?raw";
import batchNorm from "../../shaders/batch_norm.wgsl?raw";
import batchNormGradient from "../../shaders/batch_norm_gradient.wgsl?raw";
import batchNormGradientPartials from "../../shaders/batch_norm_gradient_partials.wgsl?raw";
import batchNormPartials from "../../shaders/batch_norm_partials.wgsl?raw";
import clipRows from "../../shaders/clip_rows.wgsl?raw";
import commitRunning from "../../shaders/commit_running.wgsl?raw";
import concat from "../../shaders/concat.wgsl?raw";
import elementwise from "../../shaders/elementwise.wgsl?raw";
import finishActivations from "../../shaders/finish_activations.wgsl?raw";
import finishInsight from "../../shaders/finish_insight.wgsl?raw";
import finishLoss from "../../shaders/finish_loss.wgsl?raw";
import finishStatistics from "../../shaders/finish_statistics.wgsl?raw";
import gather from "../../shaders/gather.wgsl?raw";
import gatherBatch from "../../shaders/gather_batch.wgsl?raw";
import gradientNoise from "../../shaders/gradient_noise.wgsl?raw";
import gradientStatistics from "../../shaders/gradient_statistics.wgsl?raw";
import insightGradients from "../../shaders/insight_gradients.wgsl?raw";
import insightUpdate from "../../shaders/insight_update.wgsl?raw";
import lambMoments from "../../shaders/lamb_moments.wgsl?raw";
import arenaRows from "../../shaders/lib/arena_rows.wgsl?raw";
import clip from "../../shaders/lib/clip.wgsl?raw";
import columns from "../../shaders/lib/columns.wgsl?raw";
import grid from "../../shaders/lib/grid.wgsl?raw";
import lanes from "../../shaders/lib/lanes.wgsl?raw";
import matmulLibrary from "../../shaders/lib/matmul.wgsl?raw";
import output from "../../shaders/lib/output.wgsl?raw";
import plateau from "../../shaders/lib/plateau.wgsl?raw";
import rows from "../../shaders/lib/rows.wgsl?raw";
import scaled from "../../shaders/lib/scaled.wgsl?raw";
import squares from "../../shaders/lib/squares.wgsl?raw";
import update from "../../shaders/lib/update.wgsl?raw";
import matmulRegister from "../../shaders/matmul_register.wgsl?raw";
import matmulTiled from "../../shaders/matmul_tiled.wgsl?raw";
import maxNorm from "../../shaders/max_norm.wgsl?raw";
import multiMargin from "../../shaders/multi_margin.wgsl?raw";
import muonMoments from "../../shaders/muon_moments.wgsl?raw";
import muonStack from "../../shaders/muon_stack.wgsl?raw";
import pointwiseLoss from "../../shaders/pointwise_loss.wgsl?raw";
import reduce from "../../shaders/reduce.wgsl?raw";
import rowNorm from "../../shaders/row_norm.wgsl?raw";
import rowNormGradient from "../../shaders/row_norm_gradient.wgsl?raw";
import rowNormGradientPartials from "../../shaders/row_norm_gradient_partials.wgsl?raw";
import scatterClear from "../../shaders/scatter_clear.wgsl?raw";
import scatterLink from "../../shaders/scatter_link.wgsl?raw";
import scatterRows from "../../shaders/scatter_rows.wgsl?raw";
import scoreBatch from "../../shaders/score_batch.wgsl?raw";
import segmentNorms from "../../shaders/segment_norms.wgsl?raw";
import softmax from "../../shaders/softmax.wgsl?raw";
import softmaxCrossEntropy from "../../shaders/softmax_cross_entropy.wgsl?raw";
import spread from "../../shaders/spread.wgsl?raw";
import updateAdagrad from "../../shaders/update_adagrad.wgsl?raw";
import updateAdam from "../../shaders/update_adam.wgsl?raw";
import updateLamb from "../../shaders/update_lamb.wgsl?raw";
import updateLion from "../../shaders/update_lion.wgsl?raw";
import updateMuon from "../../shaders/update_muon.wgsl?raw";
import updateNadam from "../../shaders/update_nadam.wgsl?raw";
import updateRadam from "../../shaders/update_radam.wgsl?raw";
import updateRmsprop from "../../shaders/update_rmsprop.wgsl?raw";
import updateSgd from "../../shaders/update_sgd.wgsl?raw";
import { libraryFor } from "./library.ts";

/** The library's functions that a shader on single numbers mentions, or that its defines will; F is f32. */
const withLibrary = (text: string, ...mentioned: readonly string[]): string =>
  `alias F = f32;\nalias I = i32;\nalias U = u32;\n${libraryFor([text, ...mentioned].join(" "))}\n${text}`;

export const SHADERS: Readonly<Record<string, string>> = {
  elementwise: grid + elementwise,
  // An `enable` must come first.
  matmul_register: matmulRegister + grid + matmulLibrary,
  matmul_tiled: grid + matmulLibrary + matmulTiled,
  reduce: grid + output + reduce,
  arg_reduce: grid + argReduce,
  concat: grid + output + concat,
  gather: grid + output + gather,
  scatter_clear: grid + scatterClear,
  scatter_link: grid + scatterLink,
  scatter_rows: grid + output + scatterRows,
  spread: grid + output + spread,
  batch_norm: grid + columns + batchNorm,
  batch_norm_gradient: grid + columns + batchNormGradient,
  batch_norm_gradient_partials: grid + columns + batchNormGradientPartials,
  batch_norm_partials: grid + columns + batchNormPartials,
  clip_rows: grid + scaled + clip + arenaRows + clipRows,
  max_norm: grid + scaled + clip + arenaRows + maxNorm,
  commit_running: grid + commitRunning,
  activation_statistics: grid + lanes + scaled + activationStatistics,
  finish_activations: grid + scaled + finishActivations,
  finish_insight: grid + scaled + finishInsight,
  finish_loss: lanes + finishLoss,
  finish_statistics: plateau + scaled + clip + finishStatistics,
  gather_batch: grid + gatherBatch,
  gradient_noise: grid + withLibrary(gradientNoise),
  gradient_statistics: grid + lanes + scaled + gradientStatistics,
  multi_margin: grid + lanes + withLibrary(multiMargin),
  insight_gradients: grid + lanes + scaled + insightGradients,
  insight_update: grid + lanes + scaled + insightUpdate,
  pointwise_loss: grid + lanes + withLibrary(pointwiseLoss, "math_log1p"),
  row_norm: grid + rows + rowNorm,
  row_norm_gradient: grid + columns + rows + rowNormGradient,
  row_norm_gradient_partials: grid + columns + rowNormGradientPartials,
  score_batch: scoreBatch,
  softmax: grid + lanes + withLibrary(softmax),
  softmax_cross_entropy: grid + lanes + withLibrary(softmaxCrossEntropy),
  update_adam: grid + update + updateAdam,
  update_adagrad: grid + update + updateAdagrad,
  update_lion: grid + update + updateLion,
  update_nadam: grid + update + withLibrary(updateNadam),
  update_radam: grid + update + updateRadam,
  update_rmsprop: grid + update + updateRmsprop,
  lamb_moments: grid + scaled + squares + update + lambMoments,
  muon_moments: grid + scaled + squares + update + muonMoments,
  muon_stack: grid + scaled + update + muonStack,
  segment_norms: grid + scaled + squares + segmentNorms,
  update_lamb: grid + scaled + update + updateLamb,
  update_muon: grid + update + updateMuon,
  update_sgd: grid + update + updateSgd,
};
