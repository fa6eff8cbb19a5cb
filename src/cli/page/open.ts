/** Opens the engine in the page and says on what it runs. */
import { type Engine, open } from "../../engine.ts";
import type { PageEnvironment } from "../wire.ts";

export async function openInPage(): Promise<{ gpu: Engine; environment: PageEnvironment }> {
  const gpu = await open();
  return { gpu, environment: { adapter: gpu.adapter.description, adapterClass: gpu.adapter.class, userAgent: navigator.userAgent } };
}
