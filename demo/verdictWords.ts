/** A verdict in the page's words: layers by their number, from 1, and small numbers as powers of ten, as on the charts. Pure. */
import { timesTen } from "./raised.ts";

/** "0.weight" is in "10.weight" too. */
const BEFORE = "(?<![\\w.])";
const AFTER = "(?![\\w.]*\\w)";
const escaped = (text: string): string => text.replaceAll(".", "\\.");

/** "5e-22" as 5·10⁻²², and "1e-22" as 10⁻²². */
export const inPowers = (text: string): string =>
  text.replace(/(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)(?!\w)/g, (_, factor: string, power: string) =>
    timesTen(Number(factor), Number(power)),
  );

/** In a few digits. */
export const amount = (value: number): string =>
  value === 0 || (value >= 0.01 && value < 1000) ? String(Number(value.toPrecision(2))) : inPowers(value.toExponential(1));

/** How many weights stand at or before a module of the net: the last of them is what the module belongs to. */
function layerOf(module: string, weights: readonly string[]): number {
  const compare = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });
  return Math.max(1, weights.filter((name) => compare(name.replace(/\.[^.]*$/, ""), module) <= 0).length);
}

/** `weights` are the names of the net's weights, in the order of its layers. */
export function inPageWords(text: string, weights: readonly string[]): string {
  const layer = (module: string): string => `layer ${layerOf(module, weights)}`;
  const named = weights.reduce(
    (said, name, index) => said.replace(new RegExp(`${BEFORE}${escaped(name)}${AFTER}`, "g"), `layer ${index + 1}`),
    text,
  );
  return inPowers(
    named
      .replace(/\((layer \d+), (layer \d+)\)/, "($1 and $2)")
      .replace(/\bthe output of ([\w.]*\w)/g, (_, module: string) => `the output of ${layer(module)}`)
      .replace(/\bof ([\w.]*\w) \((?=[a-z])/gi, (_, module: string) => `of ${layer(module)} (`)
      .replace(/\bgradient of ([\w.]+)\.(\w+)/g, (_, module: string, what: string) => `gradient of ${layer(module)}'s ${what}`),
  );
}
