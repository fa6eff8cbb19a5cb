/** The stories: which one is told, its sentences, and a button for each stage. */
import { type Choices, differing } from "./choices.ts";
import { find, make } from "./dom.ts";
import { lighter } from "./lighter.ts";
import { STORIES, type Stage, type Story } from "./stories.ts";

export class StoryPanel {
  private readonly select = find<HTMLSelectElement>("#story");
  private readonly onStage: (stage: Stage) => void;
  private buttons: { readonly stage: Stage; readonly button: HTMLButtonElement }[] = [];

  constructor(onStage: (stage: Stage) => void) {
    this.onStage = onStage;
    this.select.append(...STORIES.map(({ id, title }) => make("option", { value: id }, title)));
    this.select.addEventListener("change", () => this.tell(STORIES.find(({ id }) => id === this.select.value)!));
    this.tell(STORIES[0]!);
  }

  private tell({ text, stages }: Story): void {
    find("#story-text").textContent = text;
    this.tellStage(undefined);
    this.buttons = stages.map((stage) => {
      const button = make("button", { type: "button" }, stage.label);
      button.addEventListener("click", () => this.onStage(stage));
      return { stage, button };
    });
    find("#stages").replaceChildren(...this.buttons.map(({ button }) => make("li", {}, button)));
  }

  /** Marks the stage that the choices are those of, in whichever story it is; none where they do not count. */
  show(choices: Choices | null): void {
    const same = ({ choices: its }: Stage): boolean =>
      choices !== null && (differing(its, choices).length === 0 || differing(lighter(its), choices).length === 0);
    if (!this.buttons.some(({ stage }) => same(stage))) {
      const story = STORIES.find(({ stages }) => stages.some(same));
      if (story) {
        this.select.value = story.id;
        this.tell(story);
      }
    }
    for (const { stage, button } of this.buttons) button.setAttribute("aria-pressed", String(same(stage)));
    this.tellStage(this.buttons.find(({ stage }) => same(stage))?.stage);
  }

  private tellStage(stage: Stage | undefined): void {
    find("#stage-text").textContent = stage?.text ?? "";
    find("#story-look").textContent = stage ? `Look at: ${stage.look}` : "";
  }
}
