/** The shortest experiment: with the keys that none may lack. */
export const minimal = {
  format: "fathom-experiment/1",
  seed: 7,
  dataset: "digits",
  batchSize: 64,
  steps: 300,
  model: [{ type: "linear", units: 10 }],
  loss: "softmaxCrossEntropy",
  optimizer: "sgd",
  schedule: { type: "constant", initial: 0.1 },
} as const;
