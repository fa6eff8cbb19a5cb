/** A Vitest browser provider on Puppeteer, which can drive Chromium and Firefox alike: one page per session, and nothing that goes wrong in a page stays there. */
import { defineBrowserProvider } from "@vitest/browser";
import type { Browser, ConsoleMessage, Page } from "puppeteer-core";
import type { BrowserModuleMocker, BrowserProvider, BrowserProviderOption, TestProject } from "vitest/node";
import { launchBrowser } from "../../src/cli/launchBrowser.ts";
import type { BrowserName } from "../../src/cli/machine.ts";

/** No options: flags and preferences are launchBrowser's, so that tests run as the command line does. */
export function puppeteerProvider(): BrowserProviderOption {
  return defineBrowserProvider({
    name: "puppeteer",
    supportedBrowser: ["chromium", "firefox"],
    options: {},
    providerFactory: (project: TestProject) => new PuppeteerProvider(project),
  });
}

class PuppeteerProvider implements BrowserProvider {
  readonly name = "puppeteer";
  /** Browsers run side by side: each compiles shaders on one core. Pages of one browser would only slow each other, so there is one: `maxWorkers`. */
  readonly supportsParallelism = true;
  /** Vitest asks for one where browsers are to run side by side; no test mocks a module. */
  readonly mocker: BrowserModuleMocker = { register: refuseMocks, delete: refuseMocks, clear: async () => {} };
  private readonly project: TestProject;
  private readonly pages = new Map<string, Page>();
  private browser: Promise<Browser> | undefined;

  constructor(project: TestProject) {
    this.project = project;
  }

  getCommandsContext(session: string): { page: Page } {
    const page = this.pages.get(session);
    if (!page) throw new Error(`no page is open for the test session ${session}`);
    return { page };
  }

  async openPage(session: string, url: string): Promise<void> {
    this.browser ??= launchBrowser(this.browserName, { launch: { headless: this.project.config.browser.headless } });
    await this.pages.get(session)?.close();
    const page = await (await this.browser).newPage();
    this.pages.set(session, page);
    this.watch(page);
    await page.goto(url, { timeout: 60_000, waitUntil: "domcontentloaded" });
  }

  async close(): Promise<void> {
    const browser = await this.browser?.catch(() => undefined);
    this.browser = undefined;
    this.pages.clear();
    await browser?.close();
  }

  private get browserName(): BrowserName {
    return this.project.config.browser.name as BrowserName;
  }

  /** Vitest reports what tests log and throw, and fails when the page is gone; what only the browser knows is told here. */
  private watch(page: Page): void {
    const tell = (what: string): void => this.project.vitest.logger.error(`[${this.browserName}] ${what}`);
    page.on("error", (error) => tell(`the page crashed: ${error.message}`));
    page.on("console", (message) => {
      if (isFromBrowser(message)) tell(`${message.type()}: ${message.text()}`);
    });
  }
}

/** Warnings and errors without arguments are no console call but the browser's own, such as WebGPU's validation messages. */
function isFromBrowser(message: ConsoleMessage): boolean {
  const type = message.type();
  return (type === "error" || type === "warn") && message.args().length === 0;
}

async function refuseMocks(): Promise<never> {
  throw new Error("modules cannot be mocked in the browser tests");
}
