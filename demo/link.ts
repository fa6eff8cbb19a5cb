/**
 * The page's whole state as the part of its address after #: `fathom=1&depth=50&activation=relu`, only what is not the standard, or with an
 * experiment edited by hand `fathom=1&experiment=…`, its JSON in base64url; `inside=1` where the page looks inside the net, and a `pin` for
 * each run that is compared, which holds such fields itself, a name, and what was changed while it ran. Pure. What is wrong is named, and the rest is taken.
 * A link that asks for no size means the page's own: the standard's on a GPU, and the lighter one of the same net on a processor.
 */
import { CHOICE_NAMES, type ChoiceName, type Choices, CONTROLS, differing, readChoice, STANDARD } from "./choices.ts";
import { SIZES } from "./lighter.ts";
import { MOST_RUNS } from "./palette.ts";

const VERSION = "1";
/** Longer addresses are cut off by some programs that hand them on. */
const MOST_EXPERIMENT = 30_000;
export const MOST_NAME = 80;

const MOST_CHANGED = 200;

/** What a run is made of. */
export interface Net {
  readonly choices: Choices;
  /** An experiment edited by hand, which counts instead of the choices; the schema has not seen it yet. */
  readonly experiment: string | null;
}

export interface Settings extends Net {
  /** Whether the page looks inside the net. */
  readonly inside: boolean;
}

/** A run that is compared. */
export interface Pin extends Net {
  readonly name: string;
  /** What was changed while it ran, and when: training it anew does not make that. */
  readonly changed?: string;
}

export interface State extends Settings {
  readonly pins: readonly Pin[];
}

export interface ReadLink extends State {
  /** Whether it asks for a size: by a number, by an experiment, or by runs to compare with. */
  readonly sized: boolean;
  readonly faults: readonly string[];
}

/** `sized` where it is to ask for its size, even if that is the standard's. */
export function writeLink({ inside, pins, ...net }: State, sized = false): string {
  const fields = new URLSearchParams({ fathom: VERSION });
  writeNet(fields, net);
  if (sized && !asksForSize(fields)) fields.set("steps", String(net.choices.steps));
  if (inside) fields.set("inside", "1");
  for (const { name, changed, ...pinned } of pins) {
    const inner = new URLSearchParams({ name });
    writeNet(inner, pinned);
    if (changed) inner.set("changed", changed.slice(0, MOST_CHANGED));
    fields.append("pin", String(inner));
  }
  return `#${fields}`;
}

const asksForSize = (fields: URLSearchParams): boolean => SIZES.some((name) => fields.has(name));

function writeNet(fields: URLSearchParams, { choices, experiment }: Net): void {
  for (const name of differing(choices, STANDARD)) fields.set(name, String(choices[name]));
  const encoded = encodedOf(experiment);
  if (encoded !== null && fits(encoded)) fields.set("experiment", encoded);
}

const encodedOf = (experiment: string | null): string | null => (experiment === null ? null : toBase64(compact(experiment)));
const fits = (encoded: string): boolean => encoded.length <= MOST_EXPERIMENT;

/** What a link does not hold of a state, for it is too long. */
export function leftOut({ experiment, pins }: State): string[] {
  const tooLong = (text: string | null): boolean => !fits(encodedOf(text) ?? "");
  return [
    ...(tooLong(experiment) ? ["the experiment written by hand"] : []),
    ...pins.flatMap((pin) => (tooLong(pin.experiment) ? [`the experiment of the pinned run ${pin.name}`] : [])),
  ];
}

export function readLink(hash: string): ReadLink {
  const text = hash.replace(/^#/, "");
  if (text === "") return { choices: STANDARD, experiment: null, inside: false, pins: [], sized: false, faults: [] };
  const fields = new URLSearchParams(text);
  const version = fields.get("fathom");
  const faults: string[] = [];
  if (version === null) faults.push('the link does not begin with "fathom=1", so it may not be one of this page');
  else if (version !== VERSION) faults.push(`the link is of version "${version.slice(0, 40)}"; this page reads version ${VERSION}`);
  const pins: Pin[] = [];
  let inside = false;
  let tooMany = 0;
  const net = readNet(fields, faults, {
    fathom: () => {},
    inside: (given) => {
      inside = given === "1";
      if (!inside) faults.push(`inside is "${given.slice(0, 40)}"; use 1, or leave it out`);
    },
    pin: (given) => {
      if (pins.length >= MOST_RUNS - 1) tooMany++;
      else pins.push(readPin(given, pins.length + 1, faults));
    },
  });
  if (tooMany > 0)
    faults.push(
      `${tooMany} of its pinned runs ${tooMany > 1 ? "are" : "is"} too many: ${MOST_RUNS} runs with the current one are compared`,
    );
  const sized = asksForSize(fields) || net.experiment !== null || pins.length > 0;
  return { ...net, inside, pins, sized, faults };
}

function readPin(text: string, number: number, faults: string[]): Pin {
  const found: string[] = [];
  let name = `run ${number}`;
  let changed = "";
  const net = readNet(new URLSearchParams(text), found, {
    name: (given) => {
      name = given.slice(0, MOST_NAME);
    },
    changed: (given) => {
      changed = given.slice(0, MOST_CHANGED);
    },
  });
  faults.push(...found.map((fault) => `pinned run ${number}: ${fault}`));
  return { name, ...net, ...(changed === "" ? {} : { changed }) };
}

function readNet(fields: URLSearchParams, faults: string[], others: Readonly<Record<string, (given: string) => void>>): Net {
  const values: Partial<Record<ChoiceName, string | number>> = {};
  let experiment: string | null = null;
  for (const name of new Set(fields.keys()))
    if (name !== "pin" && fields.getAll(name).length > 1) faults.push(`${labelOf(name)} is given more than once; the last counts`);
  for (const [name, given] of fields) {
    if (Object.hasOwn(others, name)) others[name]!(given);
    else if (name === "experiment") {
      const read = fromBase64(given);
      if (read === null) faults.push("experiment is not base64url of a text; it may have been cut off");
      else experiment = read;
    } else if (!(CHOICE_NAMES as readonly string[]).includes(name)) faults.push(`"${name.slice(0, 40)}" is not known here`);
    else {
      const read = readChoice(name as ChoiceName, given.slice(0, 80));
      if ("fault" in read) faults.push(read.fault);
      else values[name as ChoiceName] = read.value;
    }
  }
  return { choices: { ...STANDARD, ...values } as Choices, experiment };
}

const labelOf = (name: string): string => (Object.hasOwn(CONTROLS, name) ? CONTROLS[name as ChoiceName].label : `"${name.slice(0, 40)}"`);

export const sameNet = (a: Net, b: Net): boolean => a.experiment === b.experiment && differing(a.choices, b.choices).length === 0;

/** Without the spaces, where it is JSON. */
export function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}

function toBase64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function fromBase64(encoded: string): string | null {
  if (!fits(encoded)) return null;
  try {
    const binary = atob(encoded.replace(/-/g, "+").replace(/_/g, "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}
