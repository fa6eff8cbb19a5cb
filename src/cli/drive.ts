/** Runs a job in a headless browser: serves the page, starts the browser, hands on what the page tells, and closes everything whatever happens. */
import type { Browser } from "puppeteer-core";
import { FathomError, throwIfAborted } from "../core/errors.ts";
import type { BrowserName } from "./findBrowser.ts";
import { launchBrowser } from "./launchBrowser.ts";
import { type PageFiles, servePage } from "./serve.ts";
import { type ErrorFacts, fromJson, INTERRUPT, toJson } from "./wire.ts";

export interface DriveOptions {
  readonly page: PageFiles;
  /** What the page finds at `data/job.json`. */
  readonly job: unknown;
  readonly browser: BrowserName;
  /** Other files for the page, by name below `data/`. */
  readonly read?: (name: string) => Promise<Uint8Array | undefined>;
  /** What the page posts, by name below `data/`, except events. */
  readonly receive?: (name: string, body: Buffer) => Promise<void>;
  /** Events in the order in which the page told them. `done` and `failed` end the job and are not handed on. */
  readonly onEvent: (event: { readonly type: string }) => void;
  /** Told the browser's version, such as "Chrome/140.0.7339.80", as soon as it has started. What it throws ends the job. */
  readonly onBrowser?: (version: string) => void;
  /** Ends everything at once. */
  readonly signal?: AbortSignal;
  /** Asks the page for an end, which it makes itself; a page that is not open yet is closed. */
  readonly interrupt?: AbortSignal;
  /** Added to the browser's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Without a sign of life for so long the page is given up. */
  readonly silenceSeconds?: number;
}

export interface Driven {
  /** Such as "Chrome/140.0.7339.80". */
  readonly browserVersion: string;
  /** What the page logged as a warning or an error. */
  readonly complaints: readonly string[];
}

const DEFAULT_SILENCE_SECONDS = 120;
const LOADING_SECONDS = 60;

export async function drive(options: DriveOptions): Promise<Driven> {
  const { job, onEvent, receive, signal, interrupt: wish, silenceSeconds = DEFAULT_SILENCE_SECONDS } = options;
  throwIfAborted(signal, "the run");
  throwIfAborted(wish, "the run");
  const complaints: string[] = [];
  // How it ends: the page is done or fails or falls silent, the browser ends, or the signal comes.
  let succeed = (): void => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const ending = new Promise<void>((resolve, reject) => {
    succeed = resolve;
    fail = reject;
  });
  // It may be rejected while nobody waits for it.
  ending.catch(() => undefined);
  const interrupt = (): void => fail(new FathomError("aborted", "interrupted"));
  signal?.addEventListener("abort", interrupt);
  const askForEnd = (): void => {
    if (heard === Number.POSITIVE_INFINITY) interrupt();
  };
  wish?.addEventListener("abort", askForEnd);
  // Not before the page is open: a browser that has to be installed first takes minutes.
  let heard = Number.POSITIVE_INFINITY;
  const watch = setInterval(() => {
    if (Date.now() - heard > silenceSeconds * 1000)
      fail(
        new FathomError("browser", withComplaints(`the page gave no sign of life for ${silenceSeconds} s, and was given up`, complaints)),
      );
  }, 1000);

  const server = await servePage({
    page: options.page,
    read: async (name) => {
      if (name === INTERRUPT.name) return answerWhenAborted(wish);
      return name === "job.json" ? toJson(job) : options.read?.(name);
    },
    write: async (name, body) => {
      heard = Date.now();
      if (name !== "events") return receive?.(name, body);
      for (const event of fromJson(body.toString("utf8")) as { type: string; error?: ErrorFacts }[]) {
        if (event.type === "done") succeed();
        else if (event.type === "failed") fail(asError(event.error!));
        else onEvent(event);
      }
    },
  });
  let browser: Browser | undefined;
  try {
    // Our own handler closes the browser on Ctrl-C; Puppeteer's would end the process before the files are closed.
    const launching = launchBrowser(options.browser, {
      install: true,
      // Chromium ends when its pipe does, also where this process is killed. Firefox knows no pipe.
      launch: {
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
        pipe: options.browser === "chromium",
        env: { ...process.env, ...options.env },
      },
    });
    launching.then((late) => (signal?.aborted || wish?.aborted ? late.close() : undefined)).catch(() => undefined);
    browser = (await Promise.race([launching, ending])) as Browser;
    const browserVersion = await browser.version();
    options.onBrowser?.(browserVersion);
    browser.once("disconnected", () =>
      fail(new FathomError("browser", withComplaints("the browser ended before the job did", complaints))),
    );
    const page = await browser.newPage();
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) complaints.push(message.text());
    });
    // The page tells what goes wrong in it; what it could not tell ends it as well.
    page.on("pageerror", (error) =>
      fail(new FathomError("browser", `the page failed: ${error instanceof Error ? error.message : String(error)}`)),
    );
    page.on("error", (error) => fail(new FathomError("browser", withComplaints(`the page crashed: ${error.message}`, complaints))));
    page.goto(server.url, { timeout: LOADING_SECONDS * 1000 }).then(
      () => {
        heard = Date.now();
      },
      (cause: Error) => {
        // A page that has told something is open, whatever else it may be loading.
        if (heard !== Number.POSITIVE_INFINITY) return;
        fail(
          new FathomError("browser", withComplaints(`the page did not open within ${LOADING_SECONDS} s (${cause.message})`, complaints), {
            cause,
          }),
        );
      },
    );
    await ending;
    return { browserVersion, complaints };
  } finally {
    clearInterval(watch);
    signal?.removeEventListener("abort", interrupt);
    wish?.removeEventListener("abort", askForEnd);
    await browser?.close().catch(() => undefined);
    await server.close();
  }
}

/** Browsers give up an answer that takes minutes. */
const ANSWER_MILLISECONDS = 20_000;

function answerWhenAborted(signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      resolve(INTERRUPT.stop);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve(INTERRUPT.goOn);
    }, ANSWER_MILLISECONDS);
    timer.unref();
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The page's error as one of ours: what has no code is a fault of Fathom. */
function asError({ code, message, details }: ErrorFacts): Error {
  return code === null ? new Error(message) : new FathomError(code as FathomError["code"], message, { details });
}

function withComplaints(message: string, complaints: readonly string[]): string {
  return complaints.length === 0 ? message : `${message}; its last message was: ${complaints.at(-1)}`;
}
