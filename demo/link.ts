/**
 * The page's whole state as the part of its address after #: `fathom=1&depth=50&activation=relu`, only what is not the standard, or with an
 * experiment edited by hand `fathom=1&experiment=…`, its JSON in base64url. Pure. What is wrong is named, and the rest is taken.
 */
import { CHOICE_NAMES, type ChoiceName, type Choices, differing, readChoice, STANDARD } from "./choices.ts";

const VERSION = "1";
/** Longer addresses are cut off by some programs that hand them on. */
const MOST_EXPERIMENT = 30_000;

export interface State {
  readonly choices: Choices;
  /** An experiment edited by hand, which counts instead of the choices; the schema has not seen it yet. */
  readonly experiment: string | null;
}

export interface ReadLink extends State {
  readonly faults: readonly string[];
}

export function writeLink({ choices, experiment }: State): string {
  const fields = new URLSearchParams({ fathom: VERSION });
  for (const name of differing(choices, STANDARD)) fields.set(name, String(choices[name]));
  if (experiment !== null) fields.set("experiment", toBase64(compact(experiment)));
  return `#${fields}`;
}

export function readLink(hash: string): ReadLink {
  const text = hash.replace(/^#/, "");
  if (text === "") return { choices: STANDARD, experiment: null, faults: [] };
  const fields = new URLSearchParams(text);
  const version = fields.get("fathom");
  const faults: string[] = [];
  if (version === null) faults.push('the link does not begin with "fathom=1", so it may not be one of this page');
  else if (version !== VERSION) faults.push(`the link is of version "${version}"; this page reads version ${VERSION}`);
  const values: Partial<Record<ChoiceName, string | number>> = {};
  let experiment: string | null = null;
  for (const [name, given] of fields) {
    if (name === "fathom") continue;
    if (name === "experiment") {
      const read = fromBase64(given);
      if (read === null) faults.push("experiment is not base64url of a text; it may have been cut off");
      else experiment = read;
      continue;
    }
    if (!(CHOICE_NAMES as readonly string[]).includes(name)) {
      faults.push(`"${name.slice(0, 40)}" is not known here`);
      continue;
    }
    const read = readChoice(name as ChoiceName, given.slice(0, 80));
    if ("fault" in read) faults.push(read.fault);
    else values[name as ChoiceName] = read.value;
  }
  return { choices: { ...STANDARD, ...values } as Choices, experiment, faults };
}

/** Without the spaces, where it is JSON. */
function compact(json: string): string {
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
  if (encoded.length > MOST_EXPERIMENT) return null;
  try {
    const binary = atob(encoded.replace(/-/g, "+").replace(/_/g, "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}
