/** The benchmark's command line: what it takes, what it refuses, and what it says where there is no Dawn. */
import { describe, expect, it } from "vitest";
import { benchArguments } from "../../bench/arguments.ts";
import { loadDawn } from "../../bench/dawn.ts";
import { SUITE_NAMES, SUITES } from "../../bench/suites/index.ts";

const given = (...args: string[]) => benchArguments(args, "npm run bench --")!;

describe("the benchmark's command line", () => {
  it("runs every suite in a browser, and those that can on Dawn", () => {
    expect(given()).toMatchObject({ device: "browser", browser: "chromium", again: "npm run bench --".replace(/ --$/, "") });
    expect(given().job).toEqual({ suites: SUITE_NAMES, quick: false, seconds: 600, rounds: null, only: [], seed: 7 });
    expect(given("--device", "node").job.suites).toEqual(SUITE_NAMES.filter((name) => !SUITES[name].browserOnly));
    expect(given("--dawn", "x.node")).toMatchObject({ device: "node", dawn: "x.node" });
  });

  it("takes suites, a limit of time, rounds, a seed and a name", () => {
    const { job, save, again } = given(
      "--suite",
      "depth",
      "--suite",
      "kernels",
      "--seconds",
      "60",
      "--rounds",
      "9",
      "--seed",
      "1",
      "--save",
      "a-b.1",
    );
    expect(job).toEqual({ suites: ["depth", "kernels"], quick: false, seconds: 60, rounds: 9, only: [], seed: 1 });
    expect(save).toBe("a-b.1");
    expect(again).toBe("npm run bench -- --suite depth --suite kernels --seconds 60 --rounds 9 --seed 1 --save a-b.1");
  });

  it("takes parts of suites and a file to add to, and says both as a shell wants them", () => {
    const { job, save, join, again } = given("--suite", "peers", "--only", "50 × 64", "--only", "norm", "--save", "a", "--join");
    expect(job.only).toEqual(["50 × 64", "norm"]);
    expect([save, join]).toEqual(["a", true]);
    expect(again).toBe('npm run bench -- --suite peers --only "50 × 64" --only norm --save a --join');
  });

  it.each([
    [["--join"], /--join needs --save NAME/],
    [["--suite", "spin"], /there is no suite "spin"; --suite takes remedies, /],
    [["--device", "gpu"], /--device is "gpu"; use browser or node/],
    [["--seconds", "0"], /--seconds is 0/],
    [["--save", "../x"], /--save is "..\/x"; use letters/],
    [["--dawn", "x.node", "--device", "browser"], /--dawn is of --device node/],
    [["--device", "node", "--browser", "firefox"], /--browser has no place with --device node/],
    [["--dawn", "x.node", "--browser", "chromium"], /--browser has no place with --dawn/],
    [["--device", "node", "--suite", "remedies", "--suite", "peers"], /the suite "peers" compares libraries that want a browser/],
    [["--rounds", "-3"], /^--rounds wants a value, and what follows it begins with a hyphen; .* write --rounds=VALUE; see --help$/],
    [["--rounds=-3"], /--rounds is "-3"; use a whole number from 1/],
    [["--browser", "opera"], /--browser is "opera"; use chromium or firefox/],
  ])("refuses %j", (args, message) => {
    expect(() => given(...args)).toThrow(message);
  });

  it("says what to do about a Dawn that does not load", async () => {
    await expect(loadDawn("/nowhere/dawn.node")).rejects.toThrow(/--dawn: \/nowhere\/dawn.node is no dawn.node that this Node can load/);
  });
});
