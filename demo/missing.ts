/** Code that comes when it is wanted may be gone by then. */

/** As browsers say it, each in its own words. */
const MISSING = /dynamically imported module|importing a module script failed|unable to preload/i;

/** What went wrong, in words that help. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return MISSING.test(message)
    ? "A part of this page could not be loaded: the page has changed, or the network is gone. Reload it."
    : message;
}
