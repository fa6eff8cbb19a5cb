/** How the page tells the command: events in order, gathered for a moment so that a fast net does not drown in requests. */
import { toJson } from "../wire.ts";

const GATHER_MILLISECONDS = 100;
/** Between two signs of life of a page that has nothing to tell, such as one whose net reports seldom. */
const BEAT_MILLISECONDS = 10_000;

export class Post<Event> {
  private waiting: Event[] = [];
  private sent: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    setInterval(() => void post("events", "[]").catch(() => undefined), BEAT_MILLISECONDS);
  }

  tell(event: Event): void {
    this.waiting.push(event);
    this.timer ??= setTimeout(() => void this.flush(), GATHER_MILLISECONDS);
  }

  /** Sends what waits, and resolves when all of it has arrived. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const events = this.waiting;
    this.waiting = [];
    this.sent = this.sent.then(() => (events.length > 0 ? post("events", toJson(events)) : undefined));
    return this.sent;
  }

  /** A file. */
  async send(name: string, body: Uint8Array): Promise<void> {
    await this.flush();
    await post(name, body as Uint8Array<ArrayBuffer>);
  }
}

async function post(name: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(`data/${name}`, { method: "POST", body });
  if (!response.ok) throw new Error(`the command refused ${name}: ${await response.text()}`);
}

export async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the command answered ${response.status} ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}
