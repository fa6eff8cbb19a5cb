/** What only the command that opened the page can do: start other browsers, bundle. */

/** The JSON that the command's server has below data/; null for a page that no command opened. What the command could not do, it throws. */
export async function fromCommand<T>(name: string): Promise<T | null> {
  const response = await fetch(`data/${name}`);
  if (response.status >= 500) throw new Error(await response.text());
  // A server of pages may answer any address with its first page.
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return response.ok && isJson ? ((await response.json()) as T) : null;
}
