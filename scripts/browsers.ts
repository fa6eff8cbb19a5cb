/** Makes the browsers ready that the tests run in: Chromium must be there, Firefox may. Installs what is missing, where it can. */
import { findBrowser } from "../src/cli/findBrowser.ts";

export async function main(): Promise<number> {
  console.log(`chromium: ${await findBrowser("chromium", { install: true })}`);
  try {
    console.log(`firefox: ${await findBrowser("firefox", { install: true })}`);
  } catch (error) {
    console.log(`firefox: not available, so its tests will be skipped. ${error instanceof Error ? error.message : String(error)}`);
  }
  return 0;
}
