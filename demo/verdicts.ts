/** What the library says of the run so far, now and then: it is read aloud on the page. */
import { type DiagnosisKind, diagnose, type FathomError, type Report } from "../src/index.ts";

const MILLISECONDS = 1500;
/** Judged are the first report and so many of the last. */
const LAST = 200;

export class Verdicts {
  private readonly tell: (kind: DiagnosisKind, text: string) => void;
  private reports: Report[] = [];
  private toldAt = performance.now();
  /** The loss of guessing. */
  chance: number | null = null;

  constructor(tell: (kind: DiagnosisKind, text: string) => void) {
    this.tell = tell;
  }

  add(report: Report): void {
    this.reports.push(report);
    // The beginning stays among them, because learning is measured from there.
    if (this.reports.length > 2 * LAST) this.reports = [this.reports[0]!, ...this.reports.slice(-LAST)];
    if (performance.now() - this.toldAt > MILLISECONDS) this.say();
  }

  say(stopped: { readonly step: number; readonly where: string } | null = null): void {
    this.toldAt = performance.now();
    const { kind, text } = diagnose([...this.reports.slice(0, 1), ...this.reports.slice(1).slice(-LAST)], { chance: this.chance, stopped });
    this.tell(kind, text);
  }

  /** By a number that is not finite. */
  stopped({ details, message }: FathomError): void {
    const { step, layerName, parameter } = details;
    this.say({
      step: Number(step),
      where: layerName ? `the output of ${layerName}` : parameter ? `the gradient of ${parameter}` : message,
    });
  }
}
