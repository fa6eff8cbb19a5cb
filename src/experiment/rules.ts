/** What must hold between the keys of an experiment, each of which is right by itself. Every fault names its path, the values and the remedy. */
import type { Experiment, LayerSpec, NestedScheduleSpec } from "./schema/index.ts";

type Rule = (experiment: Experiment) => readonly string[];

const nesterov: Rule = ({ optimizer }) =>
  optimizer.type === "sgd" && optimizer.nesterov && (optimizer.momentum === 0 || optimizer.dampening !== 0)
    ? [
        `optimizer.nesterov is true, with momentum ${optimizer.momentum} and dampening ${optimizer.dampening}; use a momentum above 0 and no dampening with it`,
      ]
    : [];

const testFiles: Rule = ({ dataset }) => {
  if (dataset.type !== "idx" || (dataset.testImages === undefined) === (dataset.testLabels === undefined)) return [];
  const [there, missing] = dataset.testImages === undefined ? ["testLabels", "testImages"] : ["testImages", "testLabels"];
  return [`dataset.${missing} is missing where ${there} is given; use both or neither`];
};

const schedules: Rule = ({ schedule }) => scheduleFaults(schedule, "schedule", false);

function scheduleFaults(spec: NestedScheduleSpec, path: string, joined: boolean): string[] {
  switch (spec.type) {
    case "multiStep":
      return risingFaults(spec.milestones, `${path}.milestones`);
    case "piecewise": {
      const { boundaries, values } = spec;
      const wanted = boundaries.length + 1;
      return [
        ...risingFaults(boundaries, `${path}.boundaries`),
        ...(values.length === wanted ? [] : [`${path}.values are ${values.length}; use ${wanted}, one more than there are boundaries`]),
      ];
    }
    case "plateau":
      return joined ? [`${path}.type is "plateau" within a join; use it alone, or as "then" of a warmUp`] : [];
    case "warmUp":
      return scheduleFaults(spec.then, `${path}.then`, joined);
    case "join":
      return spec.segments.flatMap(({ until, schedule }, index) => {
        const here = `${path}.segments[${index}]`;
        const before = index === 0 ? 0 : (spec.segments[index - 1]!.until ?? 0);
        const last = index === spec.segments.length - 1;
        const ends = last
          ? until === undefined
            ? []
            : [`${here}.until is ${until}; leave it out of the last segment, which goes on for ever`]
          : until === undefined
            ? [`${here}.until is missing; use a whole number from ${before + 1}: only the last segment has none`]
            : until > before
              ? []
              : [`${here}.until is ${until}; use a whole number from ${before + 1}, above that of the segment before`];
        return [...ends, ...scheduleFaults(schedule, `${here}.schedule`, true)];
      });
    default:
      return [];
  }
}

const risingFaults = (steps: readonly number[], path: string): string[] =>
  steps.flatMap((step, index) =>
    index > 0 && step <= steps[index - 1]!
      ? [`${path}[${index}] is ${step}; use a whole number from ${steps[index - 1]! + 1}: they rise`]
      : [],
  );

/** A layer, its path, and how often it is made in all. */
interface Placed {
  readonly layer: LayerSpec;
  readonly path: string;
  readonly copies: number;
}

function placed(layers: readonly LayerSpec[], path: string, copies = 1): Placed[] {
  return layers.flatMap((layer, index): Placed[] => {
    const here = `${path}[${index}]`;
    const inner =
      "branches" in layer
        ? layer.branches.flatMap((branch, one) => placed(branch, `${here}.branches[${one}]`, copies))
        : "body" in layer
          ? placed(layer.body, `${here}.body`, "times" in layer ? copies * layer.times : copies)
          : [];
    return [{ layer, path: here, copies }, ...inner];
  });
}

const auxiliaryNames: Rule = ({ model }) => {
  const seen = new Map<string, string>();
  return placed(model, "model").flatMap(({ layer, path, copies }) => {
    if (layer.type !== "auxiliary") return [];
    const before = seen.get(layer.name);
    seen.set(layer.name, path);
    if (before !== undefined) return [`${path}.name is "${layer.name}", as that of ${before}; use a name of its own`];
    return copies > 1 ? [`${path}.name would come up ${copies} times; put the auxiliary outside of what repeats it`] : [];
  });
};

const uniformBounds: Rule = ({ model }) =>
  placed(model, "model").flatMap(({ layer, path }) =>
    layer.type !== "linear"
      ? []
      : (["init", "biasInit"] as const).flatMap((key) => {
          const init = layer[key];
          return init?.type === "uniform" && init.high < init.low
            ? [`${path}.${key}.high is ${init.high}; use a number from ${init.low}, which is its low`]
            : [];
        }),
  );

const batchNormRows: Rule = ({ batchSize, model }) => {
  if (batchSize > 1) return [];
  const found = placed(model, "model").find(({ layer }) => layer.type === "batchNorm");
  return found ? [`batchSize is 1; use a whole number from 2: ${found.path} is a batchNorm, and one row has no variance`] : [];
};

const RULES: readonly Rule[] = [nesterov, testFiles, schedules, auxiliaryNames, uniformBounds, batchNormRows];

/** Of an experiment that the schema passed. */
export function faultsBetween(experiment: Experiment): string[] {
  return RULES.flatMap((rule) => rule(experiment));
}
