/** Which parts of a suite are measured, so that a long one can be measured in several calls: `--only 50x64`. */
import { FathomError } from "../src/core/errors.ts";
import type { Contestant } from "./measure.ts";

/** Letter case, spaces and the kind of cross make no difference. */
const plain = (text: string): string => text.toLowerCase().replaceAll("×", "x").replace(/\s+/g, "");

export class Selection {
  private readonly wanted: readonly string[];
  /** What was not wanted, for who asks for something that there is not. */
  private readonly refused = new Set<string>();
  private found = false;

  /** Texts, one of which a name must hold; all is wanted where there is none. */
  constructor(wanted: readonly string[]) {
    this.wanted = wanted.map(plain);
  }

  get isAll(): boolean {
    return this.wanted.length === 0;
  }

  /** `group` and `title` as in the tables. */
  wants(group: string, title = ""): boolean {
    const name = plain(`${group}, ${title}`);
    const wanted = this.isAll || this.wanted.some((one) => name.includes(one));
    if (wanted) this.found = true;
    else this.refused.add(group);
    return wanted;
  }

  /** Those that are wanted, and those that they are compared with. */
  of(group: string, contestants: readonly Contestant[]): readonly Contestant[] {
    const chosen = new Set(contestants.filter(({ title }) => this.wants(group, title)));
    // A base may have one itself.
    for (const { over } of chosen) {
      const base = over && contestants.find(({ id }) => id === over.id);
      if (base) chosen.add(base);
    }
    return contestants.filter((one) => chosen.has(one));
  }

  /** Throws a FathomError (argument) that names the parts of the suite, where none of them was wanted. */
  checkFound(suite: string): void {
    if (this.found || this.isAll) return;
    throw new FathomError(
      "argument",
      `the command line: nothing in the suite "${suite}" is named like --only; its parts are ${[...this.refused].join("; ")}`,
    );
  }
}
