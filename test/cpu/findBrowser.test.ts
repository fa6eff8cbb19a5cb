/** Where a browser is looked for, in which order, what installing does, and with which flags it starts, on machines made up for the purpose. */
import { describe, expect, test } from "vitest";
import { findBrowser } from "../../src/cli/findBrowser.ts";
import { adapterChoice, launchOptions } from "../../src/cli/launchBrowser.ts";
import type { BrowserName, Machine } from "../../src/cli/machine.ts";
import { FathomError } from "../../src/core/errors.ts";

interface Made {
  platform?: NodeJS.Platform;
  env?: Record<string, string>;
  isRoot?: boolean;
  /** Files that exist, with their text. A folder lists the files right in it. */
  files?: Record<string, string>;
  cache?: string[];
  /** What a download gives; an Error is thrown. */
  download?: string | Error;
  /** What a command does to the files; null where it fails. */
  commands?: (line: string) => Record<string, string> | null;
}

const DEBIAN = { "/etc/os-release": 'NAME="Debian GNU/Linux"\nID=debian\n' };
const DRIVER = { "/usr/share/vulkan/icd.d/lvp_icd.json": "{}" };

function machine(made: Made): Machine & { log: string[] } {
  const files = { ...made.files };
  const log: string[] = [];
  return {
    platform: made.platform ?? "linux",
    env: made.env ?? { PATH: "/usr/local/bin:/usr/bin" },
    home: made.platform === "darwin" ? "/Users/me" : "/home/me",
    isRoot: made.isRoot ?? false,
    exists: (path) => path in files,
    list: (folder) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
    read: (path) => files[path] ?? "",
    run: async (command, args) => {
      const line = [command, ...args].join(" ");
      log.push(line);
      const effect = made.commands ? made.commands(line) : {};
      Object.assign(files, effect);
      return { ok: effect !== null, output: effect ? "" : "first line\nE: it failed\n" };
    },
    cached: async () => made.cache ?? [],
    download: async (name) => {
      log.push(`download ${name}`);
      if (made.download instanceof Error) throw made.download;
      return made.download ?? `/cache/${name}`;
    },
    note: () => {},
    log,
  };
}

async function refusal(name: BrowserName, made: Made, install = true): Promise<FathomError> {
  const error: unknown = await findBrowser(name, { install, machine: machine(made) }).then(
    (path) => new Error(`found ${path}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof FathomError)) throw error;
  expect(error.code).toBe("browser");
  return error;
}

describe("an installed browser", () => {
  const chrome = { "/usr/bin/google-chrome": "" };
  test("is what the variable names, before all others", async () => {
    const files = { ...chrome, "/opt/mine": "" };
    expect(await findBrowser("chromium", { machine: machine({ files, env: { CHROME_BIN: "/opt/mine", PATH: "/usr/bin" } }) })).toBe(
      "/opt/mine",
    );
    expect(await findBrowser("chromium", { machine: machine({ files, env: { CHROME_BIN: "", PATH: "/usr/bin" } }) })).toBe(
      "/usr/bin/google-chrome",
    );
  });

  test("a variable that names nothing is an error, not a hint", async () => {
    const error = await refusal("chromium", { files: chrome, env: { CHROME_BIN: "/opt/none", PATH: "/usr/bin" } });
    expect(error.message).toContain("CHROME_BIN names /opt/none");
  });

  test.each<[string, BrowserName, Made, string]>([
    ["the PATH, Chrome before Chromium", "chromium", { files: { "/usr/local/bin/chromium": "", ...chrome } }, "/usr/bin/google-chrome"],
    [
      "the PATH, its first folder first",
      "chromium",
      { files: { "/usr/local/bin/chromium": "", "/usr/bin/chromium": "" } },
      "/usr/local/bin/chromium",
    ],
    ["Linux places off the PATH", "chromium", { files: { "/opt/google/chrome/chrome": "" }, env: {} }, "/opt/google/chrome/chrome"],
    ["Edge on the PATH", "chromium", { files: { "/usr/bin/microsoft-edge": "" } }, "/usr/bin/microsoft-edge"],
    ["Debian's Firefox", "firefox", { files: { "/usr/bin/firefox-esr": "", ...DRIVER } }, "/usr/bin/firefox-esr"],
    [
      "macOS, for all users",
      "chromium",
      { platform: "darwin", files: { "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome": "" } },
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ],
    [
      "macOS, for one user",
      "firefox",
      { platform: "darwin", files: { "/Users/me/Applications/Firefox.app/Contents/MacOS/firefox": "" } },
      "/Users/me/Applications/Firefox.app/Contents/MacOS/firefox",
    ],
    [
      "Windows, where only Edge is",
      "chromium",
      {
        platform: "win32",
        env: { PROGRAMFILES: "C:\\Program Files", "PROGRAMFILES(X86)": "C:\\Program Files (x86)" },
        files: { "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe": "" },
      },
      "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
    ],
    [
      "Windows, for one user",
      "chromium",
      {
        platform: "win32",
        env: { LOCALAPPDATA: "C:\\Users\\me\\AppData\\Local" },
        files: { "C:\\Users\\me\\AppData\\Local\\Google\\Chrome\\Application\\chrome.exe": "" },
      },
      "C:\\Users\\me\\AppData\\Local\\Google\\Chrome\\Application\\chrome.exe",
    ],
    ["Puppeteer's cache, newest first", "chromium", { cache: ["/cache/149", "/cache/148"] }, "/cache/149"],
    ["an installed one before the cache", "chromium", { cache: ["/cache/149"], files: chrome }, "/usr/bin/google-chrome"],
  ])("is found in %s", async (_where, name, made, path) => {
    const here = machine(made);
    expect(await findBrowser(name, { install: true, machine: here })).toBe(path);
    expect(here.log).toEqual([]);
  });
});

describe("installing", () => {
  const UPDATE = "apt-get update -q";
  const install = (...packages: string[]): string => `apt-get install -q -y --no-install-recommends ${packages.join(" ")}`;

  test("is left alone unless asked for", async () => {
    const error = await refusal("chromium", { isRoot: true, files: DEBIAN }, false);
    expect(error.details).toMatchObject({ browser: "chromium", tried: [] });
  });

  test.each([
    ["chromium", ["chromium"], { "/usr/bin/chromium": "" }],
    ["firefox", ["firefox-esr", "mesa-vulkan-drivers"], { "/usr/bin/firefox-esr": "", ...DRIVER }],
  ] as const)("takes Debian's package of %s as root there", async (name, packages, brings) => {
    const here = machine({ isRoot: true, files: DEBIAN, commands: (line) => (line === install(...packages) ? brings : {}) });
    expect(await findBrowser(name, { install: true, machine: here })).toBe(Object.keys(brings)[0]);
    expect(here.log).toEqual([UPDATE, install(...packages)]);
  });

  test("downloads where the package cannot be had", async () => {
    const here = machine({ isRoot: true, files: DEBIAN, commands: (line) => (line.startsWith("apt-get") ? null : {}) });
    expect(await findBrowser("chromium", { install: true, machine: here })).toBe("/cache/chromium");
    expect(here.log).toEqual([UPDATE, install("chromium"), "download chromium", "/cache/chromium --version"]);
  });

  test.each<[string, Made]>([
    ["a user who is not root", { files: DEBIAN }],
    ["root on another system", { isRoot: true, files: { "/etc/os-release": "ID=ubuntu\nID_LIKE=debian\n" } }],
    ["macOS", { platform: "darwin", isRoot: true }],
  ])("never calls apt-get for %s", async (_who, made) => {
    const here = machine(made);
    expect(await findBrowser("chromium", { install: true, machine: here })).toBe("/cache/chromium");
    expect(here.log.filter((line) => line.includes("apt-get"))).toEqual([]);
  });

  test("does not hand out a download that lacks system libraries", async () => {
    const error = await refusal("chromium", { commands: () => null });
    expect(error.message).toContain("/cache/chromium, which does not start: E: it failed");
  });

  test("when all fails, says what was tried and what to do", async () => {
    const error = await refusal("chromium", { isRoot: true, files: DEBIAN, commands: () => null, download: new Error("no network") });
    for (const part of ["apt-get install chromium: E: it failed", "download: no network", "sudo apt-get install chromium", "CHROME_BIN="]) {
      expect(error.message).toContain(part);
    }
    expect((await refusal("firefox", { platform: "win32", env: {}, download: new Error("no network") })).message).toContain(
      "winget install Mozilla.Firefox",
    );
  });

  test("brings Firefox on Linux its Vulkan driver, or refuses it", async () => {
    const files = { "/usr/bin/firefox": "" };
    expect((await refusal("firefox", { files })).message).toContain("mesa-vulkan-drivers");
    const here = machine({
      isRoot: true,
      files: { ...files, ...DEBIAN },
      commands: (line) => (line === install("mesa-vulkan-drivers") ? DRIVER : {}),
    });
    expect(await findBrowser("firefox", { install: true, machine: here })).toBe("/usr/bin/firefox");
    const withGpu = { files, env: { PATH: "/usr/bin", VK_DRIVER_FILES: "/opt/icd.json" } };
    expect(await findBrowser("firefox", { machine: machine(withGpu) })).toBe("/usr/bin/firefox");
  });
});

describe("starting", () => {
  test.each<[string, Made, "swiftshader" | "hardware"]>([
    ["Linux without a GPU", {}, "swiftshader"],
    ["Linux with a display but no render node", { files: { "/dev/dri/card0": "" } }, "swiftshader"],
    ["Linux with a render node", { files: { "/dev/dri/renderD128": "" } }, "hardware"],
    ["Linux with an NVIDIA device", { files: { "/dev/nvidia0": "" } }, "hardware"],
    ["Linux inside Windows", { files: { "/dev/dxg": "" } }, "hardware"],
    ["macOS", { platform: "darwin" }, "hardware"],
    ["Windows", { platform: "win32" }, "hardware"],
    ["a wish for software", { platform: "darwin", env: { FATHOM_ADAPTER: "swiftshader" } }, "swiftshader"],
    ["a wish for hardware", { env: { FATHOM_ADAPTER: "hardware" } }, "hardware"],
  ])("picks the adapter for %s", (_where, made, choice) => {
    const here = machine(made);
    expect(adapterChoice(here)).toBe(choice);
    const flags = launchOptions("chromium", here).args ?? [];
    expect(flags).toContain("--enable-unsafe-webgpu");
    expect(flags.includes("--use-webgpu-adapter=swiftshader")).toBe(choice === "swiftshader");
    expect(flags.includes("--enable-features=Vulkan")).toBe(choice === "hardware" && here.platform === "linux");
  });

  test("refuses an adapter it does not know", () => {
    expect(() => adapterChoice(machine({ env: { FATHOM_ADAPTER: "gpu" } }))).toThrow(
      /FATHOM_ADAPTER is "gpu".*"swiftshader" or "hardware"/,
    );
  });

  test.each<[string, Made, boolean]>([
    ["a user on Linux", {}, false],
    ["root on Linux", { isRoot: true }, true],
    ["CI on Linux", { env: { CI: "true" } }, true],
    ["CI on macOS", { platform: "darwin", env: { CI: "true" } }, false],
  ])("%s: sandbox off is %s", (_who, made, off) => {
    expect(launchOptions("chromium", machine(made)).args?.includes("--no-sandbox")).toBe(off);
  });

  test("turns WebGPU on in Firefox by preferences", () => {
    expect(launchOptions("firefox", machine({}))).toMatchObject({
      browser: "firefox",
      headless: true,
      extraPrefsFirefox: { "dom.webgpu.enabled": true },
    });
  });
});
