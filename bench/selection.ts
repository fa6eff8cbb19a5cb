/** Which parts of a suite are measured, so that a long one can be measured in several calls: `--only 50x64`. */
import type { Contestant } from "./measure.ts";

/** Letter case, spaces and the kind of cross make no difference. */
const plain = (text: string): string => text.toLowerCase().replaceAll("×", "x").replace(/\s+/g, "");

export class Selection {
  private readonly wanted: readonly string[];
  /** What was not wanted, for who asks for something that there is not. */
  private readonly refused = new Set<string>();
  private anyFound = false;

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
    if (wanted) this.anyFound = true;
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

  /** Whether anything that was asked about was wanted. */
  get found(): boolean {
    return this.anyFound;
  }

  /** Where not all could be asked about, the rest may be wanted. */
  failed(): void {
    this.anyFound = true;
  }

  get refusedGroups(): readonly string[] {
    return [...this.refused];
  }
}
