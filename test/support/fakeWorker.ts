/** In the place of the lab's worker, in Node: hears what the page tells it, and says what a test has it say. */
import type { FromWorker, ToWorker } from "../../demo/messages.ts";

export class FakeWorker extends EventTarget {
  /** All since a test emptied it, the latest last. */
  static made: FakeWorker[] = [];
  readonly heard: ToWorker[] = [];
  ended = false;
  constructor() {
    super();
    FakeWorker.made.push(this);
  }
  static get latest(): FakeWorker {
    return FakeWorker.made.at(-1)!;
  }
  postMessage(message: ToWorker): void {
    this.heard.push(message);
  }
  terminate(): void {
    this.ended = true;
  }
  says(message: FromWorker): void {
    this.dispatchEvent(new MessageEvent("message", { data: message }));
  }
}
