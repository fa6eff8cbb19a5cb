/** How a document says how it was made, by however many calls: each command once, and each way of measuring, those that differ in the length of samples alone as one. */

/** Between ways. */
const AND = "; and ";
const AT_LEAST = "a sample is at least ";
const LENGTHS = new RegExp(`(?<=${AT_LEAST})([\\d.]+(?: or [\\d.]+)*)(?= ms)`);

/** "a sample is at least 20 or 60 ms and …", of lengths in milliseconds; the clock's steps alone where there are none. */
export function sampleText(lengths: readonly number[], otherwise: string): string {
  const sorted = [...new Set(lengths)].sort((one, other) => one - other);
  return `${AT_LEAST}${sorted.length === 0 ? "" : `${sorted.join(" or ")} ms and `}${otherwise}`;
}

/** Of one call or of several, or of documents that say the same way again and again. */
export function eachOnce(...methods: readonly string[]): string {
  const lengthsOf = new Map<string, number[]>();
  for (const way of methods.flatMap((method) => method.split(AND))) {
    const [lengths = ""] = LENGTHS.exec(way) ?? [];
    // Without its lengths.
    const kind = way.replace(LENGTHS, "");
    lengthsOf.set(kind, [...(lengthsOf.get(kind) ?? []), ...(lengths === "" ? [] : lengths.split(" or ").map(Number))]);
  }
  return [...lengthsOf].map(([kind, lengths]) => kind.replace(`${AT_LEAST} ms and `, () => sampleText(lengths, ""))).join(AND);
}

/** Outside of quotes; documents had " && ", at which a shell stops where a promise is missed, since the command then ends with 1. */
const BETWEEN_COMMANDS = /(?: && |; )(?=(?:[^"]*"[^"]*")*[^"]*$)/;

/** Commands, or several in one text, as one text that a shell runs to its end. */
export const commandsOnce = (...commands: readonly string[]): string =>
  [...new Set(commands.flatMap((command) => command.split(BETWEEN_COMMANDS)))].join("; ");
