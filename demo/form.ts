/** The form, made from the table of controls: each with its label, its range and its line of explanation. */
import {
  CHOICE_NAMES,
  type ChoiceName,
  type Choices,
  CONTROLS,
  type Control,
  counts,
  type Group,
  readChoice,
  valueText,
} from "./choices.ts";
import { make } from "./dom.ts";

const GROUPS: readonly Group[] = ["Net", "Training", "Remedies", "Data"];

/** Where the site has the formula behind a control. */
const FORMULAS = {
  depth: "format.html#layers-and-what-their-parameters-are-called",
  width: "format.html#layers-and-what-their-parameters-are-called",
  activation: "formulas.html#activations",
  init: "formulas.html#initialisation",
  normalisation: "formulas.html#normalisation",
  skips: "formulas.html#skip-connections",
  dropout: "formulas.html#regularisation",
  data: "format.html#data",
  samples: "format.html#data",
  noise: "format.html#data",
  optimizer: "format.html#optimizers",
  rate: "format.html#schedules",
  schedule: "formulas.html#learning-rate-decay",
  batchSize: "format.html#top-level",
  steps: "format.html#top-level",
  seed: "format.html#top-level",
  clip: "formulas.html#clipping",
  clipMax: "formulas.html#clipping",
  regularizer: "formulas.html#regularisation",
  lambda: "formulas.html#regularisation",
} satisfies Record<ChoiceName, string>;

/** Between what is wrong and the value that a run goes on with meanwhile. */
const STILL = "; still training at ";

interface Field {
  readonly row: HTMLElement;
  readonly input: HTMLInputElement | HTMLSelectElement;
  readonly fault: HTMLElement;
}

export class Form {
  private readonly fields = new Map<ChoiceName, Field>();
  private readonly holder: HTMLFieldSetElement;
  private choices: Choices;

  constructor(holder: HTMLFieldSetElement, choices: Choices, onChange: (choices: Choices) => void, isTraining: () => boolean) {
    this.holder = holder;
    this.choices = choices;
    for (const group of GROUPS) {
      const rows = CHOICE_NAMES.filter((name) => CONTROLS[name].group === group).map((name) => this.row(name));
      holder.append(make("details", { open: true }, make("summary", {}, group), ...rows));
    }
    holder.addEventListener("change", ({ target }) => {
      const name = (target as HTMLInputElement).name as ChoiceName;
      const field = this.fields.get(name);
      if (!field) return;
      const read = readChoice(name, field.input.value);
      const fault = "fault" in read ? read.fault : "";
      const on = fault !== "" && isTraining();
      field.fault.textContent = on ? `${fault}${STILL}${valueText(name, this.choices)}` : fault;
      field.input.setAttribute("aria-invalid", String(fault !== ""));
      if ("fault" in read) return;
      this.choices = { ...this.choices, [name]: read.value };
      this.showRows();
      onChange(this.choices);
    });
    // The wheel scrolls the page, and changes no number on its way.
    holder.addEventListener("wheel", ({ target }) => target === document.activeElement && (target as HTMLElement).blur(), {
      passive: true,
    });
    this.show(choices, true);
  }

  /** What is wrong in the fields that count. */
  get faults(): readonly string[] {
    return [...this.fields.values()].flatMap(({ row, fault }) =>
      row.hidden || fault.textContent === "" ? [] : [fault.textContent!.split(STILL)[0]!],
    );
  }

  /** `counts` where nothing else does. */
  show(choices: Choices, counts: boolean): void {
    this.choices = choices;
    this.holder.disabled = !counts;
    for (const [name, { input, fault }] of this.fields) {
      input.value = String(choices[name]);
      input.setAttribute("aria-invalid", "false");
      fault.textContent = "";
    }
    this.showRows();
  }

  private showRows(): void {
    for (const [name, { row }] of this.fields) row.hidden = !counts(name, this.choices);
  }

  private row(name: ChoiceName): HTMLElement {
    const control: Control = CONTROLS[name];
    const id = `choice-${name}`;
    const input = control.kind === "choice" ? selectOf(control.options) : numberOf(control);
    Object.assign(input, { id, name });
    input.setAttribute("aria-describedby", `${id}-help ${id}-fault`);
    const range = control.kind === "number" ? ` From ${control.least} to ${control.most.toLocaleString("en")}.` : "";
    // In a tab of its own: a run on this page goes on.
    const formula = make("a", { href: `./${FORMULAS[name]}`, target: "_blank", rel: "noopener" }, "Formula");
    formula.setAttribute("aria-label", `Formula: ${control.label} (another tab)`);
    const help = make("small", {}, make("span", { id: `${id}-help` }, control.help + range), " ", formula);
    const fault = make("small", { id: `${id}-fault`, className: "fault" });
    fault.setAttribute("role", "alert");
    const row = make("div", { className: "row" }, make("label", { htmlFor: id }, control.label), input, help, fault);
    this.fields.set(name, { row, input, fault });
    return row;
  }
}

const selectOf = (options: Readonly<Record<string, string>>): HTMLSelectElement =>
  make("select", {}, ...Object.entries(options).map(([value, text]) => make("option", { value }, text)));

const numberOf = ({ least, most, whole }: Control & { readonly kind: "number" }): HTMLInputElement =>
  make("input", { type: "number", min: String(least), max: String(most), step: whole ? "1" : "any" });
