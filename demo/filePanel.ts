/** Files: what is dropped or chosen goes to the worker, which says what it is; weights are saved. All text of files is shown as text. */
import { find } from "./dom.ts";
import { download } from "./exports.ts";
import type { Lab } from "./lab.ts";
import type { Failure, OpenedFiles } from "./messages.ts";

export class FilePanel {
  private readonly input = find<HTMLInputElement>("#files");
  private readonly said = find<HTMLElement>("#files-said");
  private readonly fault = find<HTMLElement>("#files-fault");
  private readonly lab: () => Lab;

  constructor(lab: () => Lab) {
    this.lab = lab;
    find("#open-files").addEventListener("click", () => this.input.click());
    find("#save-weights").addEventListener("click", () => lab().saveWeights());
    this.input.addEventListener("change", () => {
      this.open([...(this.input.files ?? [])]);
      // The same file may be chosen again, after it was mended.
      this.input.value = "";
    });
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      this.open([...(event.dataTransfer?.files ?? [])]);
    });
  }

  private open(files: readonly File[]): void {
    if (files.length === 0) return;
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

  save(bytes: Uint8Array): void {
    download("weights.safetensors", new Blob([bytes as Uint8Array<ArrayBuffer>]));
  }

  draw(): void {
    find<HTMLButtonElement>("#save-weights").disabled = !this.lab().hasNet;
  }

  private say(text: string, fault: string): void {
    this.said.textContent = text;
    this.fault.textContent = fault;
    this.fault.hidden = fault === "";
  }
}
