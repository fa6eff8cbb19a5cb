/** Mutates the shaders one place at a time, and runs the kernel tests that read them until one fails: `npm run mutants`. */
import { expect, inject, it } from "vitest";
import { SHADERS } from "../../src/ops/shaders.ts";
import { ALL_SHADERS, LATER_SHADERS } from "../support/allShaders.ts";
import { answerPromptly } from "../support/promptAnswers.ts";
import { type KernelTest, prepare, tests } from "./collect.ts";
import { isEquivalent } from "./equivalent.ts";
import { type Mutant, mutantsOf, withFuel } from "./mutate.ts";
import { isTarget } from "./targets.ts";

declare module "vitest" {
  interface ProvidedContext {
    mutants: { readonly only: string; readonly tests: string; readonly sample: number; readonly seed: number };
  }
}

const SOURCES = import.meta.glob<string>("../../shaders/**/*.wgsl", { query: "?raw", import: "default", eager: true });
const FILES = import.meta.glob("../gpu/*.test.ts");
const TEXTS = import.meta.glob<string>("../gpu/*.test.ts", { query: "?raw", import: "default", eager: true });

/** Files that run kernels by themselves, or train: an eager evaluation would take its plan, and the shader in it, from the cache. */
const KERNEL_TEST = /runKernel\(|runGraphs\(|plateau/;

/** With a mutant, which may loop for long, a test may take so many milliseconds, or so many times what it took without one. */
const LIMIT = 20_000;
const TIMES = 10;
const LATE = "took too long";

const { only, tests: files, sample, seed } = inject("mutants");

const devices = new Set<GPUDevice>();
/** Errors of the device, which a test would not see, and shaders that do not compile: those are no mutants. */
const heard: string[] = [];
const checks: Promise<unknown>[] = [];
let invalid = false;
/** By no doing of a test: whatever ran after it would fail. */
let lost = false;

function listen(): void {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
    const device = await requestDevice.call(this, descriptor);
    devices.add(device);
    device.addEventListener("uncapturederror", ({ error }) => heard.push(error.message));
    void device.lost.then(({ message, reason }) => {
      heard.push(`lost: ${message}`);
      if (reason !== "destroyed") lost = true;
    });
    return device;
  };
  const { createShaderModule } = GPUDevice.prototype;
  GPUDevice.prototype.createShaderModule = function (this: GPUDevice, descriptor: GPUShaderModuleDescriptor): GPUShaderModule {
    const module = createShaderModule.call(this, descriptor);
    checks.push(
      module.getCompilationInfo().then(({ messages }) => {
        if (messages.some(({ type }) => type === "error")) invalid = true;
      }),
    );
    return module;
  };
  answerPromptly(() => devices);
}

/** The names of the shaders that were read since it was asked last; what is overridden is read in their stead. */
function watchShaders(): {
  readonly read: () => Set<string>;
  readonly override: (texts: ReadonlyMap<string, string>) => void;
  readonly originals: ReadonlyMap<string, string>;
} {
  const originals = new Map(Object.entries(ALL_SHADERS));
  const later = new Map(LATER_SHADERS.map((shader) => [shader.name, shader]));
  let names = new Set<string>();
  let overrides: ReadonlyMap<string, string> = new Map();
  for (const [name, text] of originals)
    Object.defineProperty(later.get(name) ?? SHADERS, later.has(name) ? "text" : name, {
      enumerable: true,
      get: () => {
        names.add(name);
        return overrides.get(name) ?? text;
      },
    });
  const read = (): Set<string> => {
    const all = names;
    names = new Set();
    return all;
  };
  const override = (texts: ReadonlyMap<string, string>): void => {
    overrides = texts;
  };
  return { read, override, originals };
}

/** What was wrong, or null where the test passed. */
async function failure(test: KernelTest, limit: number): Promise<string | null> {
  heard.length = 0;
  let timer = 0;
  const late = new Promise<string>((resolve) => {
    timer = window.setTimeout(() => resolve(LATE), limit);
  });
  const ran = test.run().then(
    () => heard[0] ?? null,
    (error: unknown) => String(error),
  );
  const found = await Promise.race([ran, late]);
  window.clearTimeout(timer);
  // The next test must find the device idle.
  await ran;
  if (lost) throw new Error(`the device was lost in ${test.name}`);
  await Promise.all(checks.splice(0));
  return found;
}

/** Whether a part of --only names it: a part of a file's name, or that and a line. */
const isWanted = (file: string, line: number): boolean =>
  only.split(",").some((part) => {
    const [name = "", number] = part.split(":");
    return file.includes(name) && (number === undefined || line === Number(number));
  });

interface Planned extends Mutant {
  readonly file: string;
  readonly overrides: ReadonlyMap<string, string>;
  readonly covering: readonly KernelTest[];
}

interface Counts {
  killed: number;
  survived: number;
  /** By the list. */
  equivalent: number;
  /** Does not compile, and is no mutant. */
  invalid: number;
}

const told = ({ killed, survived, equivalent, invalid }: Counts): string =>
  `${killed} killed, ${survived} survived, ${equivalent} equivalent by the list, ${invalid} do not compile`;

const total = (all: readonly Counts[]): Counts => {
  const sum = (of: keyof Counts): number => all.reduce((whole, one) => whole + one[of], 0);
  return { killed: sum("killed"), survived: sum("survived"), equivalent: sum("equivalent"), invalid: sum("invalid") };
};

/** Mulberry32. */
function random(state: number): () => number {
  let at = state;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let t = Math.imul(at ^ (at >>> 15), 1 | at);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

it("kills every mutant", async () => {
  listen();
  const shaders = watchShaders();
  const wanted = files.split(",");
  for (const [path, load] of Object.entries(FILES))
    if (KERNEL_TEST.test(TEXTS[path]!) && wanted.some((part) => path.includes(part))) await load();
  await prepare();
  // As mutants have it, so that fuel alone fails no test.
  shaders.override(new Map([...shaders.originals].map(([name, text]) => [name, withFuel(text)])));
  const known: { test: KernelTest; reads: Set<string>; time: number }[] = [];
  for (const test of tests) {
    shaders.read();
    const start = performance.now();
    const wrong = await failure(test, 30 * LIMIT);
    if (wrong) throw new Error(`without a mutant: ${test.name}: ${wrong}`);
    known.push({ test, reads: shaders.read(), time: performance.now() - start });
  }
  shaders.override(new Map());
  known.sort((a, b) => a.time - b.time);
  const times = new Map(known.map(({ test, time }) => [test, time]));
  const planned = Object.entries(SOURCES).flatMap(([path, source]): Planned[] => {
    const file = path.replace("../../shaders/", "");
    if (!isTarget(file)) return [];
    const readers = [...shaders.originals].filter(([, text]) => text.includes(source));
    const covering = known.filter(({ reads }) => readers.some(([name]) => reads.has(name))).map(({ test }) => test);
    return mutantsOf(source)
      .filter(({ line }) => isWanted(file, line))
      .map((mutant) => {
        // The replacement must not be read as a pattern.
        const overrides = new Map(readers.map(([name, text]) => [name, withFuel(text.replace(source, () => mutant.text))]));
        return { ...mutant, file, overrides, covering };
      });
  });
  if (planned.length === 0) throw new Error(`no mutated shader has ${only} in its name`);
  const draw = random(seed);
  const chosen =
    sample > 0
      ? planned
          .map((one) => ({ one, at: draw() }))
          .sort((a, b) => a.at - b.at)
          .slice(0, sample)
          .map(({ one }) => one)
      : planned;
  console.log(`${chosen.length} mutants of ${new Set(chosen.map(({ file }) => file)).size} files, ${tests.length} kernel tests`);
  const survivors: string[] = [];
  const counts = new Map<string, Counts>();
  /** What killed the last mutants of a file is tried first. */
  const deadly = new Map<string, KernelTest[]>();
  const begun = performance.now();
  for (const [index, mutant] of chosen.entries()) {
    const name = `${mutant.file}:${mutant.line}\n  - ${mutant.before}\n  + ${mutant.after}`;
    const count = counts.get(mutant.file) ?? { killed: 0, survived: 0, equivalent: 0, invalid: 0 };
    counts.set(mutant.file, count);
    // A test that runs in vain is what takes long.
    const equivalent = isEquivalent(mutant, mutant.file, inject("browsers")[0]!);
    shaders.override(mutant.overrides);
    invalid = false;
    const first = deadly.get(mutant.file) ?? [];
    let killer: KernelTest | undefined;
    const start = performance.now();
    for (const test of equivalent ? [] : new Set([...first, ...mutant.covering])) {
      const wrong = await failure(test, Math.max(LIMIT, TIMES * times.get(test)!));
      if (!wrong) continue;
      if (wrong === LATE) console.log(`killed by its time alone: ${name}`);
      killer = test;
      break;
    }
    shaders.override(new Map());
    if (performance.now() - start > LIMIT) console.log(`${Math.round((performance.now() - start) / 1000)} s: ${name}`);
    if (invalid) count.invalid++;
    else if (killer) {
      count.killed++;
      deadly.set(mutant.file, [killer, ...first.filter((one) => one !== killer)]);
    } else if (equivalent) count.equivalent++;
    else {
      count.survived++;
      survivors.push(name);
      console.log(`survived: ${name}`);
    }
    const seconds = Math.round((performance.now() - begun) / 1000);
    if (index % 50 === 49) console.log(`${index + 1} of ${chosen.length}, ${seconds} s, ${survivors.length} survived`);
    if (chosen[index + 1]?.file !== mutant.file && sample === 0) console.log(`${mutant.file}, after ${seconds} s: ${told(count)}`);
  }
  console.log(`all: ${told(total([...counts.values()]))}`);
  expect(survivors, "mutants that no test kills").toEqual([]);
});
