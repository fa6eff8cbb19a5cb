/** All of a model's parameters and statistics, by PyTorch's names, in depth order. */
import { FathomError } from "../core/errors.ts";
import type { AuxiliarySpec, Module, ParameterSpec, StatisticsSpec } from "./module.ts";

export interface NamedParameter extends ParameterSpec {
  readonly module: Module;
  /** The name within its module. */
  readonly own: string;
  /** Further names, where one module stands at several places: its parameters are one. */
  readonly aliases: readonly string[];
}

export interface NamedStatistics extends StatisticsSpec {
  readonly module: Module;
  /** Path of the batch-norm: its buffers are `path.running_mean` and so on. */
  readonly path: string;
}

export interface NamedAuxiliary extends AuxiliarySpec {
  readonly module: Module;
  readonly path: string;
}

export interface Collected {
  readonly parameters: readonly NamedParameter[];
  readonly statistics: readonly NamedStatistics[];
  readonly auxiliaries: readonly NamedAuxiliary[];
}

export const joinPath = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

export function collect(model: Module): Collected {
  const parameters = new Map<Module, { path: string; aliases: string[] }>();
  const statistics: NamedStatistics[] = [];
  const auxiliaries: NamedAuxiliary[] = [];
  const stack: { path: string; module: Module }[] = [{ path: "", module: model }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { path, module } = top;
    const known = parameters.get(module);
    if (known) known.aliases.push(path);
    else parameters.set(module, { path, aliases: [] });
    if (module.statistics) {
      if (known)
        throw new FathomError(
          "argument",
          `${module.description} stands both at ${known.path} and at ${path}; its running statistics cannot serve two places. Make a batch-norm for each`,
        );
      statistics.push({ ...module.statistics, module, path });
    }
    if (module.auxiliary) {
      const { name } = module.auxiliary;
      const other = auxiliaries.find((one) => one.name === name);
      if (other)
        throw new FathomError(
          "argument",
          `the auxiliary heads at ${other.path} and at ${path} are both called "${name}"; give each a name of its own`,
        );
      auxiliaries.push({ ...module.auxiliary, module, path });
    }
    for (let index = module.children.length - 1; index >= 0; index--) {
      const { name, module: child } = module.children[index]!;
      stack.push({ path: joinPath(path, name), module: child });
    }
  }
  return {
    parameters: [...parameters].flatMap(([module, { path, aliases }]) =>
      module.parameters.map((spec) => ({
        ...spec,
        module,
        own: spec.name,
        name: joinPath(path, spec.name),
        aliases: aliases.map((alias) => joinPath(alias, spec.name)),
      })),
    ),
    statistics,
    auxiliaries,
  };
}
