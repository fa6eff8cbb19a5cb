import { afterEach, describe, expect, it } from "vitest";
import { builtInComparison, HIDDEN_LAYERS } from "../../src/cli/comparison.ts";
import { browserOption, command, EXIT, integerOption, parseCommandLine } from "../../src/cli/exit.ts";
import { type PageServer, servePage } from "../../src/cli/serve.ts";
import { FathomError } from "../../src/core/errors.ts";
import { parseExperiment } from "../../src/experiment/index.ts";

describe("the page's server", () => {
  let server: PageServer | undefined;
  afterEach(() => server?.close());

  const open = async (written: [string, string][] = []): Promise<PageServer> =>
    (server = await servePage({
      page: new Map<string, string | Uint8Array>([
        ["index.html", "<p>page"],
        ["assets/a.js", new Uint8Array([49])],
      ]),
      read: async (name) => (name === "job.json" ? "{}" : undefined),
      write: async (name, body) => {
        if (name === "bad") throw new Error("no room");
        written.push([name, body.toString()]);
      },
    }));

  it("serves the page and what it asks for, each with its type", async () => {
    const { url } = await open();
    const page = await fetch(url);
    expect([page.status, page.headers.get("content-type"), await page.text()]).toEqual([200, "text/html; charset=utf-8", "<p>page"]);
    expect((await fetch(`${url}assets/a.js`)).headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(await (await fetch(`${url}data/job.json`)).text()).toBe("{}");
  });

  it("takes files, and answers with the reason where it cannot", async () => {
    const written: [string, string][] = [];
    const { url } = await open(written);
    expect((await fetch(`${url}data/tanh/weights.safetensors`, { method: "POST", body: "bytes" })).status).toBe(204);
    expect(written).toEqual([["tanh/weights.safetensors", "bytes"]]);
    const refused = await fetch(`${url}data/bad`, { method: "POST", body: "x" });
    expect([refused.status, await refused.text()]).toEqual([500, "no room"]);
  });

  it("has nothing for those who do not know its address, nor outside of it", async () => {
    const { url } = await open();
    const { origin } = new URL(url);
    const statuses = await Promise.all(
      [`${origin}/`, `${origin}/data/job.json`, `${url}nothing`, `${url}data/other`, `${url}%2e%2e/package.json`].map(
        async (address) => (await fetch(address)).status,
      ),
    );
    expect(statuses).toEqual([404, 404, 404, 404, 404]);
    expect((await fetch(`${url}index.html`, { method: "POST", body: "x" })).status).toBe(404);
    expect(new URL(url).hostname).toBe("127.0.0.1");
  });
});

describe("the command line", () => {
  it("turns errors into exit codes", async () => {
    const codes = await Promise.all(
      [
        new FathomError("argument", "a"),
        new FathomError("experiment", "b"),
        new FathomError("browser", "c"),
        new FathomError("no-webgpu", "d"),
      ].map((error) => command(() => Promise.reject(error))),
    );
    expect(codes).toEqual([EXIT.usage, EXIT.usage, EXIT.failed, EXIT.failed]);
    await expect(command(() => Promise.reject(new TypeError("a fault of ours")))).rejects.toThrow("a fault of ours");
  });

  it("lets Ctrl-C abort, and leaves no handler behind", async () => {
    const before = process.listenerCount("SIGINT");
    const code = command(
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new FathomError("aborted", "interrupted")))),
    );
    process.emit("SIGINT");
    expect(await code).toBe(EXIT.interrupted);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  it("names what is wrong with an option", () => {
    expect(() => parseCommandLine({ args: ["--stepz", "3"], options: { steps: { type: "string" } } })).toThrow(/--stepz.*see --help/);
    for (const text of ["0", "-1", "1.5", "ten", "", "1e3", "0x10"])
      expect(() => integerOption("steps", text, 1), text).toThrow(/--steps is/);
    expect(integerOption("steps", "12", 1)).toBe(12);
    expect(() => browserOption("safari")).toThrow(/--browser is "safari"; use chromium or firefox/);
  });
});

describe("the built-in comparison", () => {
  const { nets, plain } = builtInComparison({ steps: 5, seed: 3 });

  it("has five nets that differ in nothing but the net and its remedies", () => {
    expect(nets.map(({ name }) => name)).toEqual(["sigmoid", "tanh", "relu", "relu-batchnorm-clip", "residual-batchnorm"]);
    expect(nets.some(({ name }) => name === plain)).toBe(true);
    const common = nets.map(({ experiment: { name: _, model: __, clip: ___, ...rest } }) => rest);
    for (const rest of common) expect(rest).toEqual(common[0]);
    expect(common[0]).toMatchObject({ seed: 3, steps: 5, schedule: { steps: 5 } });
  });

  it("is written in the experiment format, with 24 hidden layers and an output", () => {
    for (const { experiment } of nets) {
      const { model } = parseExperiment(experiment);
      expect(model).toHaveLength(2);
      expect(model[0]).toMatchObject({ type: "repeat", times: HIDDEN_LAYERS });
      expect(JSON.stringify(model[0]).match(/"linear"/g)).toHaveLength(1);
      expect(model[1]).toMatchObject({ type: "linear", units: 10 });
    }
    expect(HIDDEN_LAYERS).toBe(24);
  });
});
