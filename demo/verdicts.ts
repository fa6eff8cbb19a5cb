/** What the library says of the run so far, now and then: it is read aloud on the page. */
import type { DiagnosisKind, FathomError, Report } from "../src/index.ts";

const MILLISECONDS = 1500;
/** Judged are the first report and so many of the last. */
const LAST = 200;

export class Verdicts {
  private readonly tell: (kind: DiagnosisKind, text: string) => void;
  private reports: Report[] = [];
  /** Null before the first report. */
  private toldAt: number | null = null;
  /** The loss of guessing. */
  chance: number | null = null;

  constructor(tell: (kind: DiagnosisKind, text: string) => void) {
    this.tell = tell;
  }

  add(report: Report): void {
    this.reports.push(withoutHistograms(report));
    // The beginning stays among them, because learning is measured from there.
    if (this.reports.length > 2 * LAST) this.reports = [this.reports[0]!, ...this.reports.slice(-LAST)];
    this.toldAt ??= performance.now();
    if (performance.now() - this.toldAt > MILLISECONDS) void this.say();
  }

  async say(stopped: { readonly step: number; readonly where: string } | null = null): Promise<void> {
    this.toldAt = performance.now();
    const reports = [...this.reports.slice(0, 1), ...this.reports.slice(1).slice(-LAST)];
    // It comes when there is something to judge.
    const { diagnose } = await import("./diagnosing.ts");
    const { kind, text } = diagnose(reports, { chance: this.chance, stopped });
    this.tell(kind, text);
  }

  /** By a number that is not finite. */
  async stopped({ details, message }: FathomError): Promise<void> {
    const { step, layerName, parameter } = details;
    await this.say({
      step: Number(step),
      where: layerName ? `the output of ${layerName}` : parameter ? `the gradient of ${parameter}` : message,
    });
  }
}

/** They are of no use here, and the longest part of a report by far. */
function withoutHistograms({ insight, ...report }: Report): Report {
  if (!insight) return report;
  const { histograms: _, ...rest } = insight;
  return { ...report, insight: rest };
}
