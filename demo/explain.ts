/** Compiles the step of a net in the worker, as training would, and tells how it is computed. */
import { type Engine, FathomError, parseExperiment, prepareExperiment } from "../src/index.ts";
import type { FromWorker, Given } from "./messages.ts";

export async function explain(engine: Engine, experiment: Given): Promise<FromWorker> {
  const { dataset, options } = await prepareExperiment(parseExperiment(experiment), (name) => {
    throw new FathomError("io", `this net trains on the file ${name}, which only the lab has open, and not this page`);
  });
  const trainer = await engine.train(options);
  try {
    await trainer.prepare(dataset);
    const { counters, plan, parameters } = trainer;
    return {
      type: "explained",
      graph: await trainer.graph(),
      plan,
      counters: { pipelines: counters.pipelines, bytes: counters.bytes, compileMilliseconds: counters.compileMilliseconds },
      parameters: parameters.reduce((sum, { shape }) => sum + shape.reduce((size, axis) => size * axis, 1), 0),
      fault: null,
    };
  } finally {
    trainer.dispose();
  }
}
