/** Finds a browser that has WebGPU, installs one where that is wished and possible, or says exactly what to do. */
import { posix, win32 } from "node:path";
import { FathomError } from "../core/errors.ts";
import { type BrowserName, type Machine, thisMachine } from "./machine.ts";

export type { BrowserName } from "./machine.ts";

export interface FindOptions {
  /** Download or install one where none is found. Default: no. */
  readonly install?: boolean;
  readonly machine?: Machine;
}

interface Places {
  /** The variable by which the user names an executable. */
  readonly variable: "CHROME_BIN" | "FIREFOX_BIN";
  readonly title: string;
  /** Names on the PATH, best first. */
  readonly commands: readonly string[];
  readonly linux: readonly string[];
  /** Below an Applications folder. */
  readonly darwin: readonly string[];
  /** Below a folder of programs. */
  readonly win32: readonly string[];
  readonly debianPackages: readonly string[];
}

const PLACES = {
  chromium: {
    variable: "CHROME_BIN",
    title: "Chrome, Chromium or Edge",
    commands: ["google-chrome-stable", "google-chrome", "chromium", "chromium-browser", "microsoft-edge-stable", "microsoft-edge"],
    linux: ["/opt/google/chrome/chrome", "/usr/lib/chromium/chromium", "/opt/microsoft/msedge/msedge", "/snap/bin/chromium"],
    darwin: [
      "Google Chrome.app/Contents/MacOS/Google Chrome",
      "Chromium.app/Contents/MacOS/Chromium",
      "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ],
    win32: ["Google\\Chrome\\Application\\chrome.exe", "Chromium\\Application\\chrome.exe", "Microsoft\\Edge\\Application\\msedge.exe"],
    debianPackages: ["chromium"],
  },
  firefox: {
    variable: "FIREFOX_BIN",
    title: "Firefox",
    commands: ["firefox", "firefox-esr", "firefox-nightly"],
    linux: ["/usr/lib/firefox/firefox", "/usr/lib/firefox-esr/firefox-esr", "/opt/firefox/firefox", "/snap/bin/firefox"],
    darwin: ["Firefox.app/Contents/MacOS/firefox", "Firefox Nightly.app/Contents/MacOS/firefox"],
    win32: ["Mozilla Firefox\\firefox.exe", "Firefox Nightly\\firefox.exe"],
    debianPackages: ["firefox-esr", "mesa-vulkan-drivers"],
  },
} satisfies Record<BrowserName, Places>;

const UPDATE_SECONDS = 120;
const INSTALL_SECONDS = 420;

/**
 * The path of an executable: what the variable names, else an installed browser, else one in Puppeteer's cache, else
 * (with `install`) a fresh one: Debian's package where we are root there, for it brings the libraries along, or a
 * download. Throws a FathomError "browser" that lists what was tried.
 */
export async function findBrowser(name: BrowserName, options: FindOptions = {}): Promise<string> {
  const machine = options.machine ?? thisMachine();
  const tried: string[] = [];
  const found = named(name, machine) ?? installed(name, machine) ?? (await machine.cached(name))[0];
  if (found !== undefined) {
    await ensureDriver(name, machine, options.install ?? false);
    return found;
  }
  if (options.install) {
    const fresh = (await fromDebian(name, machine, tried)) ?? (await fromDownload(name, machine, tried));
    if (fresh !== undefined) return fresh;
  }
  throw new FathomError("browser", advice(name, machine, tried), { details: { browser: name, tried } });
}

function named(name: BrowserName, machine: Machine): string | undefined {
  const { variable } = PLACES[name];
  const path = machine.env[variable];
  if (!path) return undefined;
  if (!machine.exists(path)) {
    throw new FathomError(
      "browser",
      `${variable} names ${path}, but there is no such file; correct it, or unset it to search the usual places`,
      {
        details: { browser: name, variable, path },
      },
    );
  }
  return path;
}

/** Searches the PATH, then the system's usual places. */
function installed(name: BrowserName, machine: Machine): string | undefined {
  return [...onPath(name, machine), ...usualPlaces(name, machine)].find((path) => machine.exists(path));
}

function onPath(name: BrowserName, machine: Machine): string[] {
  // On Windows and macOS a browser's installer leaves the PATH alone.
  if (machine.platform === "win32" || machine.platform === "darwin") return [];
  const folders = (machine.env["PATH"] ?? "").split(":").filter((folder) => folder.startsWith("/"));
  return PLACES[name].commands.flatMap((command) => folders.map((folder) => posix.join(folder, command)));
}

function usualPlaces(name: BrowserName, machine: Machine): string[] {
  const places: Places = PLACES[name];
  if (machine.platform === "darwin") {
    const folders = ["/Applications", posix.join(machine.home, "Applications")];
    return places.darwin.flatMap((path) => folders.map((folder) => posix.join(folder, path)));
  }
  if (machine.platform === "win32") {
    const folders = ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"].map((variable) => machine.env[variable]);
    return places.win32.flatMap((path) => folders.flatMap((folder) => (folder ? [win32.join(folder, path)] : [])));
  }
  return [...places.linux];
}

function isDebianRoot(machine: Machine): boolean {
  return machine.platform === "linux" && machine.isRoot && /^ID="?debian"?$/m.test(machine.read("/etc/os-release"));
}

async function fromDebian(name: BrowserName, machine: Machine, tried: string[]): Promise<string | undefined> {
  if (!isDebianRoot(machine)) return undefined;
  const { debianPackages } = PLACES[name];
  if (!(await aptInstall(debianPackages, machine, tried))) return undefined;
  return installed(name, machine);
}

async function aptInstall(packages: readonly string[], machine: Machine, tried: string[]): Promise<boolean> {
  machine.note(`Installing ${packages.join(" and ")} with apt-get (a minute or two) …`);
  // Package lists of a fresh image are missing, and those of an old one name files that are gone.
  await machine.run("apt-get", ["update", "-q"], UPDATE_SECONDS);
  const { ok, output } = await machine.run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages], INSTALL_SECONDS);
  if (!ok) tried.push(`apt-get install ${packages.join(" ")}: ${lastLine(output)}`);
  return ok;
}

async function fromDownload(name: BrowserName, machine: Machine, tried: string[]): Promise<string | undefined> {
  machine.note(`Downloading ${name} …`);
  let path: string;
  try {
    path = await machine.download(name);
  } catch (error) {
    tried.push(`download: ${error instanceof Error ? lastLine(error.message) : String(error)}`);
    return undefined;
  }
  if (machine.platform !== "linux") return path;
  // A download brings no system libraries, and without them it does not even print its version.
  const { ok, output } = await machine.run(path, ["--version"], 30);
  if (ok) return path;
  tried.push(`downloaded ${path}, which does not start: ${lastLine(output)}`);
  return undefined;
}

/** Firefox on Linux reaches WebGPU through a system Vulkan driver; Mesa's works without a GPU. Chromium brings its own. */
async function ensureDriver(name: BrowserName, machine: Machine, mayInstall: boolean): Promise<void> {
  if (name !== "firefox" || machine.platform !== "linux" || hasVulkanDriver(machine)) return;
  const tried: string[] = [];
  if (mayInstall && isDebianRoot(machine) && (await aptInstall(["mesa-vulkan-drivers"], machine, tried)) && hasVulkanDriver(machine))
    return;
  throw new FathomError(
    "browser",
    [
      "Firefox is here, but no Vulkan driver, which its WebGPU needs.",
      ...tried,
      "On Debian or Ubuntu: sudo apt-get install mesa-vulkan-drivers",
    ].join("\n  "),
    { details: { browser: name, tried } },
  );
}

function hasVulkanDriver(machine: Machine): boolean {
  const folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
  const chosen = machine.env["VK_DRIVER_FILES"] ?? machine.env["VK_ICD_FILENAMES"];
  return Boolean(chosen) || folders.some((folder) => machine.list(folder).some((file) => file.endsWith(".json")));
}

function advice(name: BrowserName, machine: Machine, tried: readonly string[]): string {
  const { variable, title, debianPackages } = PLACES[name];
  const install: Partial<Record<NodeJS.Platform, string>> = {
    darwin: `brew install --cask ${name === "firefox" ? "firefox" : "google-chrome"}`,
    win32: `winget install ${name === "firefox" ? "Mozilla.Firefox" : "Google.Chrome"}`,
    linux: `sudo apt-get install ${debianPackages.join(" ")} (Debian), or your system's package for it`,
  };
  return [
    `No browser with WebGPU was found: looked for ${title} in $${variable}, the usual places and Puppeteer's cache.`,
    ...tried,
    `Install it: ${install[machine.platform] ?? title}`,
    `or name an executable: ${variable}=/path/to/${name}`,
  ].join("\n  ");
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() || "no message";
}
