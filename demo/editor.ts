/**
 * The experiment as text to edit; what the schema has against it stands below it, by path, each with a way to its place in the text. A draft is left
 * alone, whatever else becomes of the page.
 */
import { find, make } from "./dom.ts";
import type { Place } from "./placeInJson.ts";

/** Wanted only where there are faults. */
type Places = typeof import("./placeInJson.ts");

const WAIT = 300;

export interface EditorActions {
  /** What is wrong with the text. */
  readonly check: (text: string) => Promise<readonly string[]>;
  readonly use: (text: string) => void;
}

export class Editor {
  private readonly area = find<HTMLTextAreaElement>("#experiment");
  private readonly faults = find<HTMLElement>("#experiment-faults");
  private readonly useButton = find<HTMLButtonElement>("#use-experiment");
  private readonly draft = find<HTMLElement>("#draft");
  private readonly actions: EditorActions;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What the page is set to; the text is a draft where it differs. */
  private counts = "";
  private byHand = false;

  constructor(actions: EditorActions) {
    this.actions = actions;
    this.area.addEventListener("input", () => {
      this.useButton.disabled = true;
      this.draft.hidden = !this.isDraft;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.check(), WAIT);
    });
    this.useButton.addEventListener("click", () => {
      this.useButton.disabled = true;
      this.counts = this.area.value;
      actions.use(this.area.value);
    });
    find("#drop-draft").addEventListener("click", () => {
      this.fill();
      this.area.focus();
    });
  }

  private get isDraft(): boolean {
    return this.area.value !== this.counts;
  }

  /** `byHand` where the schema has to see the text. */
  show(text: string, byHand: boolean): void {
    const wasDraft = this.isDraft;
    // As a text area has its lines.
    this.counts = text.replace(/\r\n?/g, "\n");
    this.byHand = byHand;
    if (wasDraft && this.isDraft) return;
    this.fill();
  }

  private fill(): void {
    clearTimeout(this.timer);
    this.area.value = this.counts;
    this.draft.hidden = true;
    this.useButton.disabled = true;
    this.listFaults([], null);
    if (this.byHand) void this.check();
  }

  private async check(): Promise<void> {
    const text = this.area.value;
    const faults = await this.actions.check(text);
    const places = faults.length > 0 ? await import("./placeInJson.ts").catch(() => null) : null;
    if (this.area.value !== text) return;
    this.listFaults(faults, places);
    this.useButton.disabled = faults.length > 0;
    if (faults.length > 0) find<HTMLDetailsElement>("#editor").open = true;
  }

  private listFaults(faults: readonly string[], places: Places | null): void {
    this.area.setAttribute("aria-invalid", String(faults.length > 0));
    const text = this.area.value;
    this.faults.replaceChildren(
      ...faults.map((fault) => {
        const place = places?.placeOf(fault, text);
        if (!places || !place) return make("li", {}, fault);
        const button = make(
          "button",
          { type: "button", onclick: () => this.goTo(place, places) },
          `Line ${places.lineOf(place.start, text)}`,
        );
        return make("li", {}, button, ` ${fault}`);
      }),
    );
  }

  /** Its line comes into sight, too: a selection alone moves nothing. */
  private goTo({ start, end }: Place, { lineOf }: Places): void {
    const { area } = this;
    area.focus();
    area.setSelectionRange(start, end);
    const lines = lineOf(area.value.length, area.value);
    area.scrollTop = ((lineOf(start, area.value) - 1) / lines) * area.scrollHeight - area.clientHeight / 2;
  }
}
