/** The experiment as text to edit; what the schema has against it stands below it, by path. */
import { find, make } from "./dom.ts";

const WAIT = 300;

export interface EditorActions {
  /** Asks for what is wrong with the text; the answer comes by `showFaults`. */
  readonly check: (text: string) => void;
  readonly use: (text: string) => void;
}

export class Editor {
  private readonly area = find<HTMLTextAreaElement>("#experiment");
  private readonly faults = find<HTMLElement>("#experiment-faults");
  private readonly useButton = find<HTMLButtonElement>("#use-experiment");
  private readonly actions: EditorActions;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(actions: EditorActions) {
    this.actions = actions;
    this.area.addEventListener("input", () => {
      this.useButton.disabled = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => actions.check(this.area.value), WAIT);
    });
    this.useButton.addEventListener("click", () => {
      this.useButton.disabled = true;
      actions.use(this.area.value);
    });
  }

  /** `checked` where the text is by hand, so that the schema has to see it. */
  show(text: string, checked: boolean): void {
    clearTimeout(this.timer);
    this.area.value = text;
    this.useButton.disabled = true;
    this.listFaults([]);
    if (checked) this.actions.check(text);
  }

  showFaults(faults: readonly string[]): void {
    this.listFaults(faults);
    this.useButton.disabled = faults.length > 0;
    if (faults.length > 0) find<HTMLDetailsElement>("#editor").open = true;
  }

  private listFaults(faults: readonly string[]): void {
    this.area.setAttribute("aria-invalid", String(faults.length > 0));
    this.faults.replaceChildren(...faults.map((fault) => make("li", {}, fault)));
  }
}
