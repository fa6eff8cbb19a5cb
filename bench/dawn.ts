/** WebGPU in Node: Dawn, from npm's webgpu package or from a file. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, resolve } from "node:path";
import { FathomError } from "../src/core/errors.ts";

interface DawnModule {
  create(options: string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

export interface Dawn {
  readonly gpu: GPU;
  /** Which it is: "Dawn of npm's webgpu 0.6.2", or the file's name and the start of its SHA-256. */
  readonly name: string;
}

const require = createRequire(import.meta.url);
const HASH_DIGITS = 12;

/** Makes WebGPU's globals, such as GPUBufferUsage, known too. The instance must be kept for as long as its devices live. */
export async function loadDawn(file: string | undefined): Promise<Dawn> {
  const { module, name } = file === undefined ? await fromNpm() : fromFile(resolve(file));
  Object.assign(globalThis, module.globals);
  return { gpu: module.create([]), name };
}

async function fromNpm(): Promise<{ module: DawnModule; name: string }> {
  try {
    // Not to be bundled: it finds its binary beside itself.
    const name = "webgpu";
    const { version } = require(`${name}/package.json`) as { version: string };
    return { module: (await import(/* @vite-ignore */ name)) as DawnModule, name: `Dawn of npm's webgpu ${version}` };
  } catch (cause) {
    throw new FathomError(
      "no-webgpu",
      `--device node wants Dawn, and npm's webgpu is not installed here (${(cause as Error).message.split("\n")[0]}). Install it with npm install webgpu, or name a binary with --dawn dawn.node`,
      { cause },
    );
  }
}

function fromFile(file: string): { module: DawnModule; name: string } {
  try {
    const hash = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, HASH_DIGITS);
    return { module: require(file) as DawnModule, name: `Dawn of ${basename(file)} (SHA-256 ${hash}…)` };
  } catch (cause) {
    throw new FathomError(
      "no-webgpu",
      `--dawn: ${file} is no dawn.node that this Node can load (${(cause as Error).message.split("\n")[0]})`,
      {
        cause,
      },
    );
  }
}

/** Where there is no adapter: what a server lacks as a rule. */
export const DAWN_ADVICE =
  "Dawn found no Vulkan device (Metal on macOS, Direct3D 12 on Windows). Install the GPU's driver with Vulkan, point VK_DRIVER_FILES to its ICD file, or use a software driver that Dawn takes, such as SwiftShader's vk_swiftshader_icd.json beside a Chromium";
