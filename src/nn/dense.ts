/** The dense block: each round sees the input and the outputs of all earlier rounds, and so does what follows. */
import { FathomError } from "../core/errors.ts";
import { defineModule, type Module } from "./module.ts";
import { type RoundFactory, roundsOf } from "./sequential.ts";

/**
 * `times` rounds of what `factory` makes, named as nn.repeat's; round r takes the features of the block's input and of all r outputs before
 * it, and the block gives [x, y₀, y₁, …] (Huang et al., CVPR 2017): `nn.dense(3, (round) => [nn.linear(64 + 16 * round, 16), nn.relu()])`.
 *
 * What is joined already is joined with the newest output alone: one concatenation a round, and not one piece for each round before it.
 */
export function dense(times: number, factory: RoundFactory): Module {
  const what = "nn.dense";
  const rounds = roundsOf(what, times, factory);
  const takes = rounds[0]?.module.takes ?? null;
  const gives = (features: number | null): number | null =>
    rounds.reduce((width, { module }) => {
      const added = module.gives(width);
      return width === null || added === null ? null : width + added;
    }, features ?? takes);
  let width = takes;
  for (const { name, module } of rounds) {
    if (module.takes !== null && width !== null && module.takes !== width)
      throw new FathomError(
        "shape",
        `${what}: round ${name} takes ${module.takes} features, and the input and the rounds before it have ${width} together`,
      );
    const added = module.gives(width);
    width = width === null || added === null ? null : width + added;
  }
  return defineModule({
    type: "dense",
    description: `dense × ${times}`,
    children: rounds,
    takes,
    gives,
    forward: (x, context) => rounds.reduce((joined, round) => joined.concat([context.run(round, joined)], 1), x),
  });
}
