/** The part of the experiment file that the oracle's cases use, as types; docs/experiment.md explains the keys. */

export type InitSpec =
  | "pytorchLinear"
  | "zeros"
  | "ones"
  | "uniform"
  | "normal"
  | "glorotUniform"
  | "glorotNormal"
  | "heUniform"
  | "heNormal"
  | "lecunUniform"
  | "lecunNormal"
  | "orthogonal"
  | { readonly type: string; readonly [option: string]: string | number };

export type LayerSpec =
  | { readonly type: "linear"; readonly units: number; readonly bias?: boolean; readonly init?: InitSpec; readonly biasInit?: InitSpec }
  | { readonly type: "sigmoid" | "tanh" | "relu" | "selu" | "silu" | "softplus" }
  | { readonly type: "leakyRelu"; readonly negativeSlope?: number }
  | { readonly type: "elu"; readonly alpha?: number }
  | { readonly type: "gelu"; readonly form?: "erf" | "tanh" }
  | { readonly type: "batchNorm"; readonly epsilon?: number; readonly momentum?: number }
  | { readonly type: "dropout"; readonly rate?: number }
  | { readonly type: "repeat"; readonly times: number; readonly body: readonly LayerSpec[] }
  | { readonly type: "residual"; readonly body: readonly LayerSpec[]; readonly projection?: boolean }
  | { readonly type: "concat"; readonly branches: readonly (readonly LayerSpec[])[] };

export type OptimizerSpec =
  | {
      readonly type: "sgd";
      readonly momentum?: number;
      readonly dampening?: number;
      readonly nesterov?: boolean;
      readonly weightDecay?: number;
    }
  | {
      readonly type: "adam" | "adamW";
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
      readonly weightDecay?: number;
    };

export type ScheduleSpec =
  | { readonly type: "constant"; readonly initial: number }
  | { readonly type: "linear"; readonly initial: number; readonly steps: number; readonly end?: number }
  | { readonly type: "step"; readonly initial: number; readonly every: number; readonly gamma?: number }
  | { readonly type: "exponential"; readonly initial: number; readonly gamma: number }
  | { readonly type: "inverseScaling"; readonly initial: number; readonly power?: number }
  | { readonly type: "cosine"; readonly initial: number; readonly steps: number; readonly end?: number }
  | { readonly type: "warmUp"; readonly steps: number; readonly then: ScheduleSpec }
  | { readonly type: "join"; readonly segments: readonly { readonly until?: number; readonly schedule: ScheduleSpec }[] };

export interface ExperimentSpec {
  readonly format: "fathom-experiment/1";
  readonly name?: string;
  readonly seed: number;
  readonly dataset: { readonly type: "safetensors"; readonly file: string; readonly order: "sequential" };
  readonly batchSize: number;
  readonly steps: number;
  readonly model: readonly LayerSpec[];
  readonly loss: "softmaxCrossEntropy" | "meanSquaredError" | "binaryCrossEntropyWithLogits";
  readonly optimizer: OptimizerSpec;
  readonly schedule: ScheduleSpec;
  readonly regularizer?: { readonly type: "l1" | "l2"; readonly lambda: number; readonly divideBy?: "none" | "samples" };
  readonly clip?: { readonly type: "globalNorm"; readonly max: number };
  readonly monitor?: { readonly every: number };
}
