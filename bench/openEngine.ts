/** Engines for measuring: as `open()` makes them, and with timestamps where the adapter has them. */
import { deviceRequest } from "../src/gpu/device.ts";
import { type Engine, open } from "../src/index.ts";

/** Disposing of the engine destroys its device. Without an adapter it throws what `open()` throws, advice and all. */
export async function openForBenchmark(gpu: GPU | undefined): Promise<Engine> {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!gpu || !adapter) return open(gpu ? { gpu } : {});
  const device = await adapter.requestDevice(deviceRequest(adapter, ["timestamp-query"]));
  const engine = await open({ device, adapter });
  const dispose = engine.dispose.bind(engine);
  engine.dispose = () => {
    dispose();
    device.destroy();
  };
  return engine;
}
