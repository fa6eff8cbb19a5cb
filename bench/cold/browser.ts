/** Starts a library in a browser that has never run: a process of its own, with a profile of its own that is thrown away. */
import { buildPage } from "../../scripts/buildPage.ts";
import { drive } from "../../src/cli/drive.ts";
import type { BrowserName } from "../../src/cli/findBrowser.ts";
import type { PageFiles } from "../../src/cli/serve.ts";
import { FathomError } from "../../src/core/errors.ts";
import type { ColdStart } from "./coldStart.ts";
import type { ColdEvent, ColdJob } from "./job.ts";

/** Compiled shaders that drivers keep in the user's folder, whatever the profile: Mesa's and NVIDIA's. */
const NO_DRIVER_CACHES = { MESA_SHADER_CACHE_DISABLE: "true", MESA_GLSL_CACHE_DISABLE: "true", __GL_SHADER_DISK_CACHE: "0" };

export class ColdBrowsers {
  private page: Promise<PageFiles> | null = null;
  private readonly browser: BrowserName;
  private readonly signal: AbortSignal;

  constructor(browser: BrowserName, signal: AbortSignal) {
    this.browser = browser;
    this.signal = signal;
  }

  /** Throws what the page throws. */
  async start(job: ColdJob): Promise<ColdStart> {
    this.page ??= buildPage("bench/cold");
    let start: ColdStart | null = null;
    await drive({
      page: await this.page,
      job,
      browser: this.browser,
      signal: this.signal,
      env: NO_DRIVER_CACHES,
      onEvent: (event) => {
        const told = event as ColdEvent;
        if (told.type === "started") start = told.start;
      },
    });
    if (start === null) throw new FathomError("browser", `the page that was to start ${job.name} ended and told nothing`);
    return start;
  }
}
