/** Every shader by name: those that are always there, and those that are loaded with their op. */
import type { Shader } from "../../src/graph/op.ts";
import { clipRowsShader } from "../../src/ops/arena/clipRows.ts";
import { commitRunningShader } from "../../src/ops/arena/commitRunning.ts";
import { finishStatisticsShader } from "../../src/ops/arena/finishStatistics.ts";
import { gatherBatchShader } from "../../src/ops/arena/gatherBatch.ts";
import { gradientNoiseShader } from "../../src/ops/arena/gradientNoise.ts";
import { gradientStatisticsShader } from "../../src/ops/arena/gradientStatistics.ts";
import { lambMomentsShader, updateLambShader } from "../../src/ops/arena/lamb.ts";
import { maxNormShader } from "../../src/ops/arena/maxNorm.ts";
import { muonMomentsShader, muonStackShader, updateMuonShader } from "../../src/ops/arena/muon.ts";
import { scoreBatchShader } from "../../src/ops/arena/scoreBatch.ts";
import { segmentNormsShader } from "../../src/ops/arena/segmentNorms.ts";
import { updateAdagradShader } from "../../src/ops/arena/updateAdagrad.ts";
import { updateAdamShader } from "../../src/ops/arena/updateAdam.ts";
import { updateLionShader } from "../../src/ops/arena/updateLion.ts";
import { updateNadamShader } from "../../src/ops/arena/updateNadam.ts";
import { updateRadamShader } from "../../src/ops/arena/updateRadam.ts";
import { updateRmspropShader } from "../../src/ops/arena/updateRmsprop.ts";
import { updateSgdShader } from "../../src/ops/arena/updateSgd.ts";
import {
  batchNormGradientPartialsShader,
  batchNormGradientShader,
  batchNormPartialsShader,
  batchNormShader,
} from "../../src/ops/batchNorm.ts";
import { activationStatisticsShader } from "../../src/ops/insight/activationStatistics.ts";
import { finishActivationsShader } from "../../src/ops/insight/finishActivations.ts";
import { finishInsightShader } from "../../src/ops/insight/finishInsight.ts";
import { insightGradientsShader } from "../../src/ops/insight/insightGradients.ts";
import { insightUpdateShader } from "../../src/ops/insight/insightUpdate.ts";
import { SHADERS } from "../../src/ops/shaders.ts";
import { stackShader, stackWeightsShader } from "../../src/ops/stack/plan.ts";

export const LATER_SHADERS: readonly Shader[] = [
  clipRowsShader,
  maxNormShader,
  gradientNoiseShader,
  scoreBatchShader,
  segmentNormsShader,
  lambMomentsShader,
  updateLambShader,
  muonMomentsShader,
  muonStackShader,
  updateMuonShader,
  activationStatisticsShader,
  finishActivationsShader,
  finishInsightShader,
  insightGradientsShader,
  insightUpdateShader,
  updateAdagradShader,
  updateLionShader,
  updateNadamShader,
  updateRadamShader,
  updateRmspropShader,
  finishStatisticsShader,
  gatherBatchShader,
  gradientStatisticsShader,
  commitRunningShader,
  updateAdamShader,
  updateSgdShader,
  stackShader,
  stackWeightsShader,
  batchNormShader,
  batchNormGradientShader,
  batchNormPartialsShader,
  batchNormGradientPartialsShader,
];

export const ALL_SHADERS: Readonly<Record<string, string>> = {
  ...SHADERS,
  ...Object.fromEntries(LATER_SHADERS.map(({ name, text }) => [name, text])),
};
