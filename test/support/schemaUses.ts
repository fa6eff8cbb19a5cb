/** What a valibot schema offers, and what of it a value uses: types, keys, and the values of keys that can be counted out. */
import type * as v from "valibot";

/** Of a value that stands for everything the schema allows. */
const EVERYTHING = Symbol("everything");

export interface Uses {
  /** "model.linear", "optimizer.sgd.momentum": a type's name is put in the place of the path that leads to it. */
  readonly keys: ReadonlySet<string>;
  /** "model.gelu.form = tanh" */
  readonly values: ReadonlySet<string>;
}

/** The parts of valibot's schemas that are looked into. */
interface Node {
  readonly type: string;
  readonly pipe?: readonly (Node & { readonly kind: string })[];
  readonly entries?: Readonly<Record<string, Node>>;
  readonly options?: readonly unknown[];
  readonly wrapped?: Node;
  readonly item?: Node;
  readonly literal?: unknown;
  getter?(input: unknown): Node;
}

export const everythingIn = (schema: v.GenericSchema): Uses => usesOf(schema, EVERYTHING);

export function usesOf(schema: v.GenericSchema, value: unknown): Uses {
  const keys = new Set<string>();
  const values = new Set<string>();
  // Layers hold layers: each type is entered once where everything is asked for.
  const entered = new Set<Node>();

  const walk = (node: Node, path: string, value: unknown): void => {
    if (node.pipe) {
      walkPipe(node, path, value);
      return;
    }
    switch (node.type) {
      case "optional":
        walk(node.wrapped!, path, value);
        return;
      case "lazy":
        walk(node.getter!(value), path, value);
        return;
      case "array":
        for (const item of value === EVERYTHING ? [EVERYTHING] : (value as unknown[])) walk(node.item!, path, item);
        return;
      case "strict_object":
        walkEntries(node, path, value);
        return;
      case "variant":
        walkVariant(node, path, value);
        return;
      case "union":
        for (const option of node.options as Node[])
          if (value === EVERYTHING || (option.type === "picklist") === (typeof value === "string")) walk(option, path, value);
        return;
      case "boolean":
      case "picklist":
        for (const choice of node.type === "boolean" ? [true, false] : node.options!)
          if (value === EVERYTHING || value === choice) values.add(`${path} = ${choice}`);
        return;
      case "number":
      case "string":
      case "literal":
        return;
      default:
        throw new Error(`schemaUses: ${path} is of valibot's type ${node.type}, which is not known here`);
    }
  };

  /** A check changes nothing here; a transformation is that of a bare name into an object, before the variant. */
  const walkPipe = ({ pipe }: Node, path: string, value: unknown): void => {
    const [first, ...rest] = pipe!.filter(({ kind }) => kind === "schema");
    if (first!.type !== "unknown") walk({ ...first!, pipe: undefined } as unknown as Node, path, value);
    else for (const node of rest) walk(node, path, typeof value === "string" ? { type: value } : value);
  };

  const walkEntries = ({ entries }: Node, path: string, value: unknown): void => {
    for (const [key, entry] of Object.entries(entries!)) {
      if (key === "type" && entry.type === "literal") continue;
      const inner = value === EVERYTHING ? EVERYTHING : (value as Record<string, unknown>)[key];
      if (inner === undefined) continue;
      const place = path === "" ? key : `${path}.${key}`;
      keys.add(place);
      walk(entry, place, inner);
    }
  };

  const walkVariant = (node: Node, path: string, value: unknown): void => {
    for (const option of node.options as Node[]) {
      const name = option.entries!["type"]!.literal as string;
      if (value !== EVERYTHING ? (value as { type: string }).type !== name : entered.has(option)) continue;
      entered.add(option);
      const place = `${path.split(".")[0]}.${name}`;
      keys.add(place);
      walk(option, place, value);
    }
  };

  walk(schema as unknown as Node, "", value);
  return { keys, values };
}
