/** The files that were dropped, those of folders too, one level deep as the command line writes them. Loaded with the first drop of a folder. */

const asked = <T>(ask: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> => new Promise(ask);

export async function filesIn(entries: readonly FileSystemEntry[]): Promise<File[]> {
  const files: File[] = [];
  for (const entry of entries)
    if (entry.isFile) files.push(await asked<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    else
      for (const inner of await contentOf((entry as FileSystemDirectoryEntry).createReader()))
        if (inner.isFile) files.push(await asked<File>((resolve, reject) => (inner as FileSystemFileEntry).file(resolve, reject)));
  // What file managers put beside the files.
  return files.filter(({ name }) => !name.startsWith("."));
}

/** A reader gives a hundred at a time. */
async function contentOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await asked<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
