/** Which parts of a suite are measured, so that a long one can be measured in several calls: `--only 50x64`. */
import type { Contestant } from "./measure.ts";

/** Letter case, spaces and the kind of cross make no difference. */
const plain = (text: string): string => text.toLowerCase().replaceAll("×", "x").replace(/\s+/g, "");

export class Selection {
  private readonly wanted: readonly string[];
  /** What was not wanted, for who asks for something that there is not. */
  private readonly refused = new Set<string>();
  private readonly lone = new Set<string>();
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
    const wanted = this.names(group, title);
    if (wanted) this.anyFound = true;
    else this.refused.add(group);
    return wanted;
  }

  private names(group: string, title: string): boolean {
    const name = plain(`${group}, ${title}`);
    return this.isAll || this.wanted.some((one) => name.includes(one));
  }

  /**
   * Those that are wanted, and those that they are compared with. What is only there for others to be compared with is never wanted for its own
   * name: by itself it says nothing, and a saved document that it is added to would lose all that was compared with an earlier one.
   */
  of(group: string, contestants: readonly Contestant[]): readonly Contestant[] {
    const overs = new Set(contestants.map(({ over }) => over?.id));
    const isBase = ({ id, over }: Contestant): boolean => !over && overs.has(id);
    const chosen = new Set(contestants.filter((one) => !isBase(one) && this.wants(group, one.title)));
    if (chosen.size === 0) for (const one of contestants) if (isBase(one) && this.names(group, one.title)) this.lone.add(one.title);
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

  /** Titles of what was asked for, and was not wanted because nothing that is compared with it was. */
  get loneBases(): readonly string[] {
    return [...this.lone];
  }

  get refusedGroups(): readonly string[] {
    return [...this.refused];
  }
}
