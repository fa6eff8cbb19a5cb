/** Keeps the focus in a table whose rows are made anew. */

export interface FocusRow {
  /** What it is of. */
  readonly entry: object;
  readonly line: HTMLTableRowElement;
}

export interface Focus {
  readonly entry: object;
  readonly row: number;
  readonly control: HTMLElement;
  readonly index: number;
}

const controlsIn = ({ line }: FocusRow): HTMLElement[] => [...line.querySelectorAll<HTMLElement>("input, button")];

export function focusIn(rows: readonly FocusRow[]): Focus | null {
  for (const [row, one] of rows.entries()) {
    const index = controlsIn(one).indexOf(document.activeElement as HTMLElement);
    if (index >= 0) return { entry: one.entry, row, control: controlsIn(one)[index]!, index };
  }
  return null;
}

/** To the same control, with the name as far as it was typed, or to the like of it in the row that took the place of a removed one. */
export function refocus({ entry, row, control, index }: Focus, rows: readonly FocusRow[], otherwise: HTMLElement): void {
  const at = rows.findIndex((one) => one.entry === entry);
  const controls = rows.length > 0 ? controlsIn(rows[at >= 0 ? at : Math.min(row, rows.length - 1)]!) : [];
  const next = controls[Math.min(index, controls.length - 1)] ?? otherwise;
  if (at >= 0 && next instanceof HTMLInputElement && control instanceof HTMLInputElement) next.value = control.value;
  next.focus();
}
