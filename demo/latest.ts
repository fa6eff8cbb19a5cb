/** Questions to someone slow: one at a time, and then the latest that came meanwhile; those between are never asked. Pure. */
export class Latest<Question> {
  private readonly send: (question: Question) => void;
  private asked = false;
  /** The one that waits. */
  private next: { readonly question: Question } | null = null;

  constructor(send: (question: Question) => void) {
    this.send = send;
  }

  ask(question: Question): void {
    if (this.asked) {
      this.next = { question };
      return;
    }
    this.asked = true;
    this.send(question);
  }

  answered(): void {
    this.asked = false;
    const { next } = this;
    this.next = null;
    if (next) this.ask(next.question);
  }

  /** What was asked may never be answered, and counts no more. */
  forget(): void {
    this.asked = false;
    this.next = null;
  }
}
