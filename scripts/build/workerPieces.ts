/** Tells a worker the names of the files that it may ask for later, in the place of a marker, so that it can load them while there is a network. */
import type { Plugin } from "vite";

const MARKER = "fathom:pieces";

export const workerPieces = (): Plugin => ({
  name: "worker-pieces",
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? [file] : []));
    const names = chunks.flatMap(({ isEntry, fileName }) => (isEntry ? [] : [fileName.split("/").at(-1)!]));
    for (const chunk of chunks) chunk.code = chunk.code.replace(MARKER, names.join(" "));
  },
});
