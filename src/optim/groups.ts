/** Parameter groups: factors for the learning rate and the weight decay of some parameters, by name and role. */
import { checkChoice, checkNumber, checkOptions, show } from "../core/check.ts";
import { FathomError } from "../core/errors.ts";
import type { Role } from "../nn/module.ts";

export interface ParameterGroup {
  /** A parameter's name; `*` stands for any characters: "0.*", "*.bias", "*". */
  readonly parameters: string;
  /** Only those of this role; any if left out. */
  readonly role?: Role;
  /** Of the learning rate; default 1. 0 freezes: no gradient is taken, nothing counts in norms and penalties, and nothing moves it. */
  readonly learningRateFactor?: number;
  /** Of the weight decay; default 1. */
  readonly weightDecayFactor?: number;
}

/** What a parameter's group makes of the learning rate and the weight decay. */
export interface GroupFactors {
  readonly rate: number;
  readonly decay: number;
}

const KEYS = ["parameters", "role", "learningRateFactor", "weightDecayFactor"];
const ROLES: readonly Role[] = ["weight", "bias", "normScale", "normShift", "activation", "residualScale"];

/** The groups, checked. `what` names the caller in errors. */
export function checkGroups(what: string, list: readonly ParameterGroup[]): readonly ParameterGroup[] {
  if (!Array.isArray(list))
    throw new FathomError(
      "argument",
      `${what}: groups are ${show(list)}; pass a list such as [{ parameters: "0.*", learningRateFactor: 0 }]`,
    );
  for (const [index, group] of (list as readonly ParameterGroup[]).entries()) {
    const where = `${what}: group ${index}`;
    checkOptions(where, group, KEYS);
    if (typeof group.parameters !== "string" || group.parameters === "")
      throw new FathomError(
        "argument",
        `${where}: parameters is ${show(group.parameters)}; use a name such as "0.weight", or a pattern such as "0.*"`,
      );
    if (group.role !== undefined) checkChoice(where, "role", group.role, ROLES);
    for (const factor of ["learningRateFactor", "weightDecayFactor"] as const)
      checkNumber(where, factor, group[factor] ?? 1, { least: 0, most: MOST_FACTOR });
  }
  return list;
}

/** Float32's largest number is 3.4e38. */
const MOST_FACTOR = 1e30;

/** `*` is any characters, everything else itself. */
function matcher(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}

/** Each parameter's factors: those of the first group that it matches, by any of its names. A group that none is in is an error. */
export function groupFactors(
  what: string,
  list: readonly ParameterGroup[],
  parameters: readonly { readonly name: string; readonly aliases: readonly string[]; readonly role: Role }[],
): GroupFactors[] {
  const groups = list.map((group) => ({ ...group, pattern: matcher(group.parameters), used: false }));
  const factors = parameters.map(({ name, aliases, role }): GroupFactors => {
    const own = groups.find((group) => (group.role ?? role) === role && [name, ...aliases].some((one) => group.pattern.test(one)));
    if (!own) return { rate: 1, decay: 1 };
    own.used = true;
    // As float32 has them: what is 0 there freezes.
    return { rate: Math.fround(own.learningRateFactor ?? 1), decay: Math.fround(own.weightDecayFactor ?? 1) };
  });
  const index = groups.findIndex(({ used }) => !used);
  if (index >= 0) {
    const { parameters: pattern, role } = groups[index]!;
    const names = parameters.map(({ name, role: of }) => `${name} (${of})`);
    const some = names.slice(0, 6).join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "");
    throw new FathomError(
      "argument",
      `${what}: no parameter is in groups[${index}], ${show(pattern)}${role ? ` of role ${role}` : ""}, that is not in an earlier one; there are ${some}`,
    );
  }
  if (factors.every(({ rate }) => rate === 0))
    throw new FathomError(
      "argument",
      `${what}: the groups freeze every parameter, so there is nothing to train; leave one a learningRateFactor above 0`,
    );
  return factors;
}
