/** Branches side by side: each sees the whole input, and their outputs are joined along the features. */
import { FathomError } from "../core/errors.ts";
import { type Child, defineModule, type Module } from "./module.ts";
import { numbered } from "./sequential.ts";

/** Names as nn.ModuleList's: branch j is `j.…`. An empty `nn.sequential()` hands its input on. */
export function concat(...branches: readonly Module[]): Module {
  const children = numbered("nn.concat", branches);
  if (children.length === 0) throw new FathomError("argument", "nn.concat: has no branches; pass at least one module");
  const takes = commonWidth(children);
  return defineModule({
    type: "concat",
    description: `concat of ${children.length}`,
    children,
    takes,
    gives: (features) => {
      let sum = 0;
      for (const { module } of children) {
        const width = module.gives(features ?? takes);
        if (width === null) return null;
        sum += width;
      }
      return sum;
    },
    forward: (x, context) => {
      const [first, ...others] = children.map((child) => context.run(child, x));
      return others.length === 0 ? first! : first!.concat(others, 1);
    },
  });
}

function commonWidth(children: readonly Child[]): number | null {
  const known = children.filter(({ module }) => module.takes !== null);
  const first = known[0];
  const other = known.find(({ module }) => module.takes !== first!.module.takes);
  if (first && other)
    throw new FathomError(
      "shape",
      `nn.concat: branch ${first.name} takes ${first.module.takes} features, and branch ${other.name} ${other.module.takes}; every branch sees the same input`,
    );
  return first?.module.takes ?? null;
}
