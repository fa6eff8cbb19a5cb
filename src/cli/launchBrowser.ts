/** Starts a headless browser whose WebGPU works, on a GPU where there is one and on the processor where there is none. */
import puppeteer, { type Browser, type LaunchOptions } from "puppeteer-core";
import { FathomError } from "../core/errors.ts";
import { type FindOptions, findBrowser } from "./findBrowser.ts";
import { type BrowserName, type Machine, thisMachine } from "./machine.ts";

export type AdapterChoice = "swiftshader" | "hardware";

/** Compute only: without them the browser asks its maker for updates, lists and experiments while we measure. */
const QUIET_FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-sync",
  "--metrics-recording-only",
  "--no-default-browser-check",
  "--no-first-run",
  "--no-pings",
];

const ADAPTER_FLAGS = {
  swiftshader: ["--use-webgpu-adapter=swiftshader"],
  hardware: [],
} satisfies Record<AdapterChoice, readonly string[]>;

/** Headless Chromium on Linux has no Vulkan unless told. Where the GPU has no driver these still fall back to software; with ANGLE on Vulkan as well, Chromium hangs there. */
const LINUX_HARDWARE_FLAGS = ["--enable-features=Vulkan", "--disable-vulkan-surface", "--ignore-gpu-blocklist"];

const FIREFOX_PREFERENCES = {
  "dom.webgpu.enabled": true,
  "gfx.webgpu.ignore-blocklist": true,
  "gfx.webrender.all": true,
  // Quiet, as above.
  "app.normandy.enabled": false,
  "app.update.auto": false,
  "browser.safebrowsing.downloads.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "toolkit.telemetry.enabled": false,
};

/** What `FATHOM_ADAPTER` says, else software where Linux shows no GPU; other systems always have an adapter to offer. */
export function adapterChoice(machine: Machine = thisMachine()): AdapterChoice {
  const wish = machine.env["FATHOM_ADAPTER"];
  if (wish === "swiftshader" || wish === "hardware") return wish;
  if (wish) throw new FathomError("browser", `FATHOM_ADAPTER is "${wish}"; it can be "swiftshader" or "hardware", or left unset`);
  if (machine.platform !== "linux") return "hardware";
  const rendersWith = machine.list("/dev/dri").some((node) => node.startsWith("renderD"));
  return rendersWith || machine.exists("/dev/nvidia0") || machine.exists("/dev/dxg") ? "hardware" : "swiftshader";
}

/** Flags and preferences for Puppeteer, without the executable. */
export function launchOptions(name: BrowserName, machine: Machine = thisMachine()): LaunchOptions {
  if (name === "firefox") return { browser: "firefox", headless: true, extraPrefsFirefox: { ...FIREFOX_PREFERENCES } };
  const choice = adapterChoice(machine);
  const isLinux = machine.platform === "linux";
  return {
    browser: "chrome",
    headless: true,
    args: [
      "--enable-unsafe-webgpu",
      ...ADAPTER_FLAGS[choice],
      ...(isLinux && choice === "hardware" ? LINUX_HARDWARE_FLAGS : []),
      ...QUIET_FLAGS,
      // The sandbox cannot be had as root, and seldom in a CI container.
      ...(isLinux && (machine.isRoot || machine.env["CI"]) ? ["--no-sandbox"] : []),
    ],
  };
}

/** Finds a browser and starts it; every failure is a FathomError "browser" that says what to do. */
export async function launchBrowser(name: BrowserName, options: FindOptions & { readonly launch?: LaunchOptions } = {}): Promise<Browser> {
  const machine = options.machine ?? thisMachine();
  const executablePath = await findBrowser(name, { ...options, machine });
  const defaults = launchOptions(name, machine);
  const launch = { ...defaults, executablePath, ...options.launch, args: [...(defaults.args ?? []), ...(options.launch?.args ?? [])] };
  try {
    return await puppeteer.launch(launch);
  } catch (cause) {
    throw new FathomError("browser", startFailure(executablePath, String(cause)), { cause, details: { browser: name, executablePath } });
  }
}

function startFailure(executablePath: string, message: string): string {
  const first = message.split("\n").slice(0, 3).join(" ").trim();
  const library = /error while loading shared libraries: (\S+):/.exec(message)?.[1];
  const remedy = library
    ? `the system library ${library} is missing; install your system's package of the browser, which brings its libraries`
    : /No usable sandbox|setuid sandbox/i.test(message)
      ? "its sandbox is not allowed here; in a container set CI=1, which starts it without one"
      : "start it by hand to see why, or name another one with CHROME_BIN or FIREFOX_BIN";
  return `${executablePath} did not start: ${first}\n  ${remedy}`;
}
