import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import * as data from "../../src/data/index.ts";
import { gzip, idxBytes, images, labels, MALFORMED, PIXELS } from "../support/idxFiles.ts";

/** What a call throws, as code and message. */
async function failure(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FathomError)) throw new Error(`expected a FathomError, not ${String(error)}`);
  return { code: error.code, message: error.message };
}

/** A Blob that hands out its bytes a few at a time. */
class Trickle extends Blob {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #size: number;
  constructor(bytes: Uint8Array<ArrayBuffer>, size: number) {
    super([bytes]);
    this.#bytes = bytes;
    this.#size = size;
  }
  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let handed = 0;
    return new ReadableStream({
      pull: (controller) => {
        const chunk = this.#bytes.slice(handed, handed + this.#size);
        handed += chunk.length;
        if (chunk.length > 0) controller.enqueue(chunk);
        else controller.close();
      },
    });
  }
}

describe("data.idx", () => {
  it("keeps bytes, and says how to scale them", async () => {
    const set = await data.idx({ trainImages: images(), trainLabels: labels() }, { flatten: false });
    expect(set).toEqual({
      name: "idx",
      sampleShape: [2, 2],
      classes: 10,
      train: { count: 3, x: Uint8Array.from(PIXELS), xScale: 1 / 255, y: Int32Array.of(9, 0, 4), yShape: [] },
      test: null,
    });
    expect(() => {
      data.checkDataset("test", set);
    }).not.toThrow();
  });

  it("flattens by default, and takes a test set and options", async () => {
    const set = await data.idx(
      { trainImages: images(), trainLabels: labels(), testImages: idxBytes([1, 2, 2], [1, 2, 3, 4]), testLabels: idxBytes([1], [11]) },
      { name: "letters", classes: 26, scale: 0.5 },
    );
    expect(set.name).toBe("letters");
    expect(set.classes).toBe(26);
    expect(set.sampleShape).toEqual([4]);
    expect(set.test).toEqual({ count: 1, x: Uint8Array.of(1, 2, 3, 4), xScale: 0.5, y: Int32Array.of(11), yShape: [] });
  });

  it.each([
    ["bytes", async () => [images(), labels()] as const],
    ["gzipped bytes", async () => [await gzip(images()), await gzip(labels())] as const],
    ["ArrayBuffers", async () => [images().buffer, labels().buffer] as const],
    ["a Blob and a File", async () => [new Blob([images()]), new File([await gzip(labels())], "labels.gz")] as const],
    ["a part of a buffer", async () => [new Uint8Array([7, ...images(), 7]).subarray(1, -1), labels()] as const],
    ["single bytes at a time", async () => [new Trickle(images(), 1), new Trickle(await gzip(labels()), 1)] as const],
  ])("reads %s", async (_, make) => {
    const [trainImages, trainLabels] = await make();
    const { train } = await data.idx({ trainImages, trainLabels });
    expect([...train.x]).toEqual(PIXELS);
    expect([...train.y]).toEqual([9, 0, 4]);
  });

  it("reads any set in chunks of any size", async () => {
    const set = fc.tuple(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(set, async ([count, rows, columns, size, zipped]) => {
        const pixels = Uint8Array.from({ length: count * rows * columns }, (_, index) => (index * 37) % 256);
        const file = idxBytes([count, rows, columns], pixels);
        const trainImages = new Trickle(zipped ? await gzip(file) : file, size);
        const { train, sampleShape } = await data.idx(
          { trainImages, trainLabels: idxBytes([count], new Array(count).fill(1)) },
          { flatten: false },
        );
        expect(sampleShape).toEqual([rows, columns]);
        expect(train.x).toEqual(pixels);
      }),
      { numRuns: 60 },
    );
  });

  it("reads a set of many chunks", async () => {
    const pixels = Uint8Array.from({ length: 1000 * 28 * 28 }, (_, index) => (index * 2654435761) >>> 24);
    const { train } = await data.idx({
      trainImages: await gzip(idxBytes([1000, 28, 28], pixels)),
      trainLabels: idxBytes([1000], new Array(1000).fill(3)),
    });
    expect(Buffer.compare(train.x as Uint8Array, pixels)).toBe(0);
  });

  it.each(MALFORMED)("refuses $what", async ({ images: badImages, labels: badLabels, message }) => {
    const call = data.idx({ trainImages: await (badImages ?? images)(), trainLabels: await (badLabels ?? labels)() });
    const error = await failure(call);
    expect(error.message.slice(0, message.length)).toBe(message);
    expect(error.code).toBe("file-format");
  });

  it("stops unfolding a bomb, whether its header is honest or not", async () => {
    let unfolded = 0;
    const Plain = DecompressionStream;
    vi.stubGlobal(
      "DecompressionStream",
      class {
        readonly #inner = new Plain("gzip");
        readonly writable = this.#inner.writable;
        readonly readable = this.#inner.readable.pipeThrough(
          new TransformStream<Uint8Array, Uint8Array>({
            transform: (chunk, controller) => {
              unfolded += chunk.length;
              controller.enqueue(chunk);
            },
          }),
        );
      },
    );
    try {
      const liar = gzipSync(Buffer.concat([images(), Buffer.alloc(1 << 26)]));
      expect((await failure(data.idx({ trainImages: liar, trainLabels: labels() }))).message).toMatch(
        /^trainImages: goes on past the 28 bytes/,
      );
      const honest = gzipSync(Buffer.concat([idxBytes([1 << 14, 64, 64], []), Buffer.alloc(1 << 26)]));
      expect((await failure(data.idx({ trainImages: honest, trainLabels: labels() }, { maxBytes: 1 << 20 }))).message).toMatch(
        /declares 16384×64×64 bytes, over the limit of 1048576/,
      );
    } finally {
      vi.unstubAllGlobals();
    }
    // A few chunks of either, of 64 MiB.
    expect(unfolded).toBeGreaterThan(28);
    expect(unfolded).toBeLessThan(1 << 20);
  });

  it("names a File", async () => {
    const trainImages = new File([images().slice(0, 20)], "train.idx3");
    expect((await failure(data.idx({ trainImages, trainLabels: labels() }))).message).toMatch(/^trainImages "train.idx3": is truncated/);
  });

  it("refuses test images of another size than the train images", async () => {
    const call = data.idx({
      trainImages: images(),
      trainLabels: labels(),
      testImages: idxBytes([1, 4, 1], [1, 2, 3, 4]),
      testLabels: idxBytes([1], [0]),
    });
    expect(await failure(call)).toEqual({ code: "file-format", message: "testImages: images are 4×1, but those of trainImages are 2×2" });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      "half a test set",
      () => data.idx({ trainImages: images(), trainLabels: labels(), testImages: images() }),
      "data.idx: testImages came alone; pass both test files or neither",
    ],
    [
      "an unknown option",
      () => data.idx({ trainImages: images(), trainLabels: labels() }, { shape: [2] } as never),
      'data.idx: there is no option "shape"',
    ],
    [
      "a bad number of classes",
      () => data.idx({ trainImages: images(), trainLabels: labels() }, { classes: 0 }),
      "data.idx: classes is 0; use a whole number from 1 to 256",
    ],
    ["no source", () => data.idx({ trainImages: images() } as never), "trainLabels: the source is undefined; pass a URL"],
  ])("refuses %s", async (_, call, message) => {
    const error = await failure(call());
    expect(error.code).toBe("argument");
    expect(error.message).toContain(message);
  });
});

describe("paths", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fathom-idx-"));
    await writeFile(join(folder, "images.gz"), await gzip(images()));
    await writeFile(join(folder, "labels"), labels());
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it("are read in Node, plain or as file URLs", async () => {
    for (const address of [
      (name: string) => join(folder, name),
      (name: string) => pathToFileURL(join(folder, name)),
      (name: string) => pathToFileURL(join(folder, name)).href,
    ]) {
      const { train } = await data.idx({ trainImages: address("images.gz"), trainLabels: address("labels") });
      expect([...train.x]).toEqual(PIXELS);
    }
  });

  it.each(["missing.gz", "."])("refuses %s, which is no file", async (name) => {
    const path = join(folder, name);
    const error = await failure(data.idx({ trainImages: path, trainLabels: labels() }));
    expect(error.code).toBe("io");
    expect(error.message).toMatch(/^trainImages ".*": could not be read \(E(NOENT|ISDIR).*\); check that the file exists and may be read$/);
  });
});

describe("URLs", () => {
  let server: Server;
  let site = "";
  let endlessClosed: Promise<void>;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/images.gz") void gzip(images()).then((bytes) => response.end(bytes));
      else if (request.url === "/labels") response.end(labels());
      else if (request.url === "/endless") {
        response.write(images());
        endlessClosed = new Promise((resolve) => response.once("close", resolve));
        const pump = setInterval(() => response.write(new Uint8Array(1000)), 1);
        response.once("close", () => {
          clearInterval(pump);
        });
      } else if (request.url === "/cut")
        response.writeHead(200, { "content-length": "28" }).write(images().slice(0, 20), () => response.destroy());
      else if (request.url === "/cut.gz")
        void gzip(images()).then((bytes) => {
          response.writeHead(200, { "content-length": String(bytes.length) }).write(bytes.slice(0, 20), () => response.destroy());
        });
      else if (request.url === "/silent") response.write(images().slice(0, 20));
      else response.writeHead(404).end("no");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    site = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("are fetched, as strings or URL objects", async () => {
    const { train } = await data.idx({ trainImages: `${site}/images.gz`, trainLabels: new URL(`${site}/labels`) });
    expect([...train.x]).toEqual(PIXELS);
  });

  it("refuses what the server refuses, with its status", async () => {
    expect(await failure(data.idx({ trainImages: `${site}/gone`, trainLabels: labels() }))).toEqual({
      code: "io",
      message: `trainImages "${site}/gone": the server answered 404 Not Found; check the address`,
    });
  });

  it("refuses a server that is not there, and a connection that breaks", async () => {
    const absent = await failure(data.idx({ trainImages: "http://127.0.0.1:1/x", trainLabels: labels() }));
    expect(absent.code).toBe("io");
    expect(absent.message).toMatch(/could not be read \(.*\); check the address, and that its site allows CORS$/);
    for (const name of ["cut", "cut.gz"]) {
      const cut = await failure(data.idx({ trainImages: `${site}/${name}`, trainLabels: labels() }));
      expect(cut.code).toBe("io");
      expect(cut.message).toContain(`${name}": could not be read`);
    }
  });

  it("hangs up on a server that sends more than the header declares", async () => {
    const error = await failure(data.idx({ trainImages: `${site}/endless`, trainLabels: labels() }));
    expect(error.message).toContain("goes on past the 28 bytes");
    await endlessClosed;
  });

  it("stops when its signal is aborted, before and during the download", async () => {
    expect(
      (await failure(data.idx({ trainImages: `${site}/images.gz`, trainLabels: labels() }, { signal: AbortSignal.abort() }))).code,
    ).toBe("aborted");
    expect(
      (await failure(data.idx({ trainImages: `${site}/silent`, trainLabels: labels() }, { signal: AbortSignal.timeout(50) }))).code,
    ).toBe("aborted");
  });
});
