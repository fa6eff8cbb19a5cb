/** Files: what is dropped or chosen goes to the worker, which says what it is; weights are saved. All text of files is shown as text. */
import { find } from "./dom.ts";
import type { Lab } from "./lab.ts";
import type { Failure, OpenedFiles, RunState } from "./messages.ts";

export class FilePanel {
  private readonly input = find<HTMLInputElement>("#files");
  private readonly said = find<HTMLElement>("#files-said");
  private readonly fault = find<HTMLElement>("#files-fault");
  private readonly lab: () => Lab;

  constructor(lab: () => Lab) {
    this.lab = lab;
    find("#open-files").addEventListener("click", () => this.input.click());
    find("#save-weights").addEventListener("click", () => lab().saveWeights());
    find("#save-run").addEventListener("click", () => lab().saveRun());
    this.input.addEventListener("change", () => {
      this.open([...(this.input.files ?? [])]);
      // The same file may be chosen again, after it was mended.
      this.input.value = "";
    });
    addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.toggle("dropping", event.dataTransfer?.types.includes("Files") === true);
    });
    // It goes from element to element, and out of the page to none.
    addEventListener("dragleave", ({ relatedTarget }) => {
      if (relatedTarget === null) document.body.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      const { items = [], files = [] } = event.dataTransfer ?? {};
      // Only now, and not a moment later, do they tell of folders.
      const entries = [...items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
      if (!entries.some(({ isDirectory }) => isDirectory)) this.open([...files]);
      else
        void import("./dropped.ts")
          .then(({ filesIn }) => filesIn(entries))
          .then(
            (found) => this.open(found, "The folder holds no file."),
            (error) => this.say("", `The folder could not be read: ${error}`),
          );
    });
  }

  private open(files: readonly File[], emptiness = ""): void {
    if (files.length === 0) {
      this.say("", emptiness);
      return;
    }
    this.say(`Reading ${files.map(({ name }) => name).join(", ")} …`, "");
    this.lab().openFiles(files);
  }

  show(opened: OpenedFiles | Failure): void {
    if ("message" in opened) {
      this.say("", opened.message);
      return;
    }
    this.say("text" in opened && opened.kind !== "experiment" ? opened.text : `${opened.name} is open.`, "");
    this.lab().useFiles(opened);
  }

  async save(bytes: Uint8Array): Promise<void> {
    const { download } = await import("./exports.ts");
    download("weights.safetensors", new Blob([bytes as Uint8Array<ArrayBuffer>]));
  }

  async saveRun(state: RunState): Promise<void> {
    const { history } = this.lab();
    if (!history) return;
    const [{ runFileOf }, { download }] = await Promise.all([import("./runFile.ts"), import("./exports.ts")]);
    download("run.zip", await runFileOf(state, history));
  }

  draw(): void {
    for (const id of ["#save-weights", "#save-run"]) find<HTMLButtonElement>(id).disabled = !this.lab().hasNet;
  }

  private say(text: string, fault: string): void {
    this.said.textContent = text;
    this.fault.textContent = fault;
    this.fault.hidden = fault === "";
  }
}
