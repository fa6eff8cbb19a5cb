/** Hears what the lab's worker says to its page: installed before the page's own scripts, which then know nothing of it. */
import type { Page } from "puppeteer-core";

/** Kept of the current run, in numbers as JSON has them; what is not finite is null. */
export interface Heard {
  readonly weights: readonly string[];
  readonly classes: number | null;
  readonly parameters: number;
  readonly dispatches: number;
  readonly steps: number;
  /** Each in the order of COLUMNS, and then the weights' norms. */
  readonly rows: readonly (readonly (number | null)[])[];
  readonly evaluations: readonly {
    readonly step: number;
    readonly trainLoss: number;
    readonly trainAccuracy: number | null;
    readonly testLoss: number | null;
    readonly testAccuracy: number | null;
  }[];
  readonly verdicts: readonly { readonly kind: string; readonly text: string; readonly step: number }[];
  readonly plane: readonly number[] | null;
  readonly end: "done" | "failed" | null;
  readonly failure: string;
}

export async function hearWorker(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    const empty = (): Record<string, unknown> => ({
      weights: [],
      rows: [],
      evaluations: [],
      verdicts: [],
      plane: null,
      end: null,
      failure: "",
    });
    const scope = globalThis as unknown as { heard: Record<string, unknown>; Worker: typeof Worker };
    scope.heard = empty();
    const Plain = scope.Worker;
    scope.Worker = class extends Plain {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        this.addEventListener("message", ({ data }: MessageEvent<Record<string, unknown>>) => {
          const { heard } = scope;
          const width = 5 + (heard["weights"] as string[]).length;
          switch (data["type"]) {
            case "prepared": {
              const { type: _type, run: _run, points: _points, ...facts } = data;
              scope.heard = { ...empty(), ...facts };
              break;
            }
            case "reports": {
              const rows = [...(data["rows"] as Float32Array)];
              while (rows.length > 0) (heard["rows"] as unknown[]).push(rows.splice(0, width));
              break;
            }
            case "evaluated": {
              const { type: _type, run: _run, ...seen } = data;
              (heard["evaluations"] as unknown[]).push(seen);
              break;
            }
            case "verdict":
              (heard["verdicts"] as unknown[]).push({ kind: data["kind"], text: data["text"], step: (heard["rows"] as unknown[]).length });
              break;
            case "plane":
              heard["plane"] = [...(data["cells"] as Uint8Array)];
              break;
            case "done":
              heard["end"] = "done";
              break;
            case "failed":
              scope.heard = { ...heard, end: "failed", failure: data["message"] };
          }
        });
      }
    };
  });
}

/** What was heard of the run since it was prepared. */
export const heardOf = (page: Page): Promise<Heard> => page.evaluate(() => (globalThis as unknown as { heard: Heard }).heard);

/** How the run since then ended: asked again and again, the rest of what was heard is much to hand over. */
export const endHeard = (page: Page): Promise<Heard["end"]> => page.evaluate(() => (globalThis as unknown as { heard: Heard }).heard.end);
