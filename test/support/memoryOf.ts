/** What a page of the lab and its worker hold, after a forced collection, and how that changes. */
import type { CDPSession } from "puppeteer-core";
import type { LabPage } from "./labPage.ts";

/** In bytes, and nodes of the document. */
export interface Held {
  readonly pageHeap: number;
  readonly workerHeap: number;
  /** Of arrays' contents, which lie outside the heap. */
  readonly pageArrays: number;
  readonly workerArrays: number;
  /** Of all GPU buffers that are alive in the worker. */
  readonly gpu: number;
  readonly gpuObjects: number;
  readonly nodes: number;
}

const GPU_OBJECTS = ["GPUBuffer", "GPUBindGroup", "GPUComputePipeline", "GPUShaderModule", "GPUQuerySet", "GPUTexture"];

/** Asks again and again; what it makes itself is let go of. */
export async function memoryOf(lab: LabPage): Promise<() => Promise<Held>> {
  const page = await lab.page.createCDPSession();
  const worker = lab.page.workers()[0]!.client;
  return async () => {
    const gpu = await gpuOf(worker);
    const [onPage, inWorker] = [await heapOf(page), await heapOf(worker)];
    const { nodes } = await page.send("Memory.getDOMCounters");
    return {
      pageHeap: onPage.usedSize,
      workerHeap: inWorker.usedSize,
      pageArrays: onPage.backingStorageSize,
      workerArrays: inWorker.backingStorageSize,
      ...gpu,
      nodes,
    };
  };
}

async function heapOf(client: CDPSession): Promise<{ readonly usedSize: number; readonly backingStorageSize: number }> {
  await client.send("HeapProfiler.collectGarbage");
  return (await client.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize: number };
}

/** Objects of WebGPU that the worker can still reach, found by their prototypes. */
async function gpuOf(worker: CDPSession): Promise<Pick<Held, "gpu" | "gpuObjects">> {
  const objectGroup = "held";
  let [gpu, gpuObjects] = [0, 0];
  for (const name of GPU_OBJECTS) {
    const { result } = await worker.send("Runtime.evaluate", { expression: `${name}.prototype`, objectGroup });
    const { objects } = await worker.send("Runtime.queryObjects", { prototypeObjectId: result.objectId!, objectGroup });
    const found = await worker.send("Runtime.callFunctionOn", {
      objectId: objects.objectId!,
      functionDeclaration: "function () { return [this.length, this.reduce((sum, { size = 0 }) => sum + size, 0)]; }",
      returnByValue: true,
    });
    const [count, bytes] = found.result.value as [number, number];
    gpuObjects += count;
    if (name === "GPUBuffer") gpu = bytes;
  }
  await worker.send("Runtime.releaseObjectGroup", { objectGroup });
  return { gpu, gpuObjects };
}

/** Of the straight line through points of time and value, by least squares. */
export function slopeOf(points: readonly (readonly [time: number, value: number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [time, value] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - time) ** 2, 0);
  return spread > 0 ? points.reduce((sum, point) => sum + (point[0] - time) * (point[1] - value), 0) / spread : 0;
}
