/** WebGPU in Node: Dawn, from npm's webgpu package or from a file. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { FathomError } from "../src/core/errors.ts";

interface DawnModule {
  create(options: string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

export interface Dawn {
  readonly gpu: GPU;
  /** For people: where it came from. */
  readonly name: string;
}

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
    return { module: (await import(/* @vite-ignore */ name)) as DawnModule, name: "Dawn of npm's webgpu" };
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
    return { module: createRequire(import.meta.url)(file) as DawnModule, name: "Dawn of a file" };
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
