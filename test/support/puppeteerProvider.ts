/** A Vitest browser provider on Puppeteer, which can drive Chromium and Firefox alike: one page per session, and nothing that goes wrong in a page stays there. */
import { defineBrowserProvider } from "@vitest/browser";
import type { Browser, ConsoleMessage, Page } from "puppeteer-core";
import type { BrowserProvider, BrowserProviderOption, TestProject } from "vitest/node";
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
  /** Pages of one browser share its GPU process: side by side they would only slow each other. */
  readonly supportsParallelism = false;
  private readonly project: TestProject;
  private readonly pages = new Map<string, Page>();
  private browser: Promise<Browser> | undefined;
  private closing = false;

  constructor(project: TestProject) {
    this.project = project;
  }

  getCommandsContext(session: string): { page: Page } {
    const page = this.pages.get(session);
    if (!page) throw new Error(`no page is open for the test session ${session}`);
    return { page };
  }

  async openPage(session: string, url: string): Promise<void> {
    this.browser ??= this.launch();
    await this.pages.get(session)?.close();
    const page = await (await this.browser).newPage();
    this.pages.set(session, page);
    this.watch(page);
    await page.goto(url, { timeout: 60_000, waitUntil: "domcontentloaded" });
  }

  async close(): Promise<void> {
    this.closing = true;
    const browser = await this.browser?.catch(() => undefined);
    this.browser = undefined;
    this.pages.clear();
    await browser?.close();
  }

  private async launch(): Promise<Browser> {
    const browser = await launchBrowser(this.browserName, { launch: { headless: this.project.config.browser.headless } });
    browser.once("disconnected", () => {
      if (!this.closing) this.fail("the browser ended before its tests did");
    });
    return browser;
  }

  private get browserName(): BrowserName {
    return this.project.config.browser.name as BrowserName;
  }

  /** Vitest reports what tests log and throw; the rest, which only the browser sees, is reported from here. */
  private watch(page: Page): void {
    page.on("error", (error) => this.fail(`the page crashed: ${error}`));
    page.on("console", (message) => {
      if (isFromBrowser(message)) this.project.vitest.logger.error(`[${this.browserName}] ${message.type()}: ${message.text()}`);
    });
  }

  /** Fails the run, as Vitest does for an error that no test caught: otherwise it would wait for a page that is gone. */
  private fail(what: string): void {
    this.project.vitest.state.catchError(new Error(`${this.browserName}: ${what}`), "Browser Error");
    void this.project.vitest.cancelCurrentRun("test-failure");
  }
}

/** Warnings and errors without a stack are the browser's own, such as WebGPU's validation messages. */
function isFromBrowser(message: ConsoleMessage): boolean {
  const type = message.type();
  return (type === "error" || type === "warn") && message.stackTrace().length === 0;
}
