/** The page's address: holds the state, and says what was wrong with it and what does not fit into it. */
import { find } from "./dom.ts";
import { leftOut, type ReadLink, readLink, type State, writeLink } from "./link.ts";
import { carryState } from "./pages.ts";
import { manyFaults } from "./saying.ts";

/** Of one experiment. */
const MOST_FAULTS = 3;

export class Address {
  private readonly faults = find<HTMLElement>("#link-faults");
  private readonly said = find<HTMLElement>("#address-said");
  private readonly check: (experiment: string) => Promise<readonly string[]>;
  private readings = 0;

  /** `check` asks the schema. */
  constructor(check: (experiment: string) => Promise<readonly string[]>) {
    this.check = check;
  }

  write(state: State, sized: boolean): void {
    history.replaceState(null, "", writeLink(state, sized));
    carryState(location.hash);
    const missing = leftOut(state);
    this.said.hidden = missing.length === 0;
    this.said.textContent = missing.length > 0 ? `Too long for the address: ${missing.join(", ")}. Export it instead.` : "";
  }

  /** What is wrong with its experiments is said as soon as the schema has seen them. */
  read(hasOwnData: boolean): Omit<ReadLink, "faults"> {
    const { faults: found, ...state } = readLink(location.hash);
    const lacksData = state.experiment === null && state.choices.data === "own" && !hasOwnData;
    const faults = lacksData ? [...found, "its data are a file of one's own, which no link holds: open it under Your files"] : found;
    this.show(faults);
    void this.checkExperiments(state, faults);
    return state;
  }

  private async checkExperiments({ experiment, pins }: State, faults: readonly string[]): Promise<void> {
    const reading = ++this.readings;
    const given = [["", experiment] as const, ...pins.map((pin, index) => [`pinned run ${index + 1}: `, pin.experiment] as const)];
    const found = await Promise.all(given.map(async ([whose, text]) => (text === null ? [] : told(whose, await this.check(text)))));
    if (reading === this.readings) this.show([...faults, ...found.flat()]);
  }

  private show(faults: readonly string[]): void {
    this.faults.hidden = faults.length === 0;
    this.faults.textContent = faults.length > 0 ? `The link was not taken whole: ${faults.join("; ")}.` : "";
  }
}

/** Those of the page's own experiment stand under the editor. */
const told = (whose: string, faults: readonly string[]): readonly string[] =>
  whose === "" && faults.length > 1 ? [manyFaults(faults.length)] : few(faults).map((fault) => `${whose}${fault}`);

const few = (faults: readonly string[]): readonly string[] =>
  faults.length > MOST_FAULTS ? [...faults.slice(0, MOST_FAULTS), `and ${faults.length - MOST_FAULTS} more`] : faults;
