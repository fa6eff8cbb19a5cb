/** Loading data in the browser, whose streams and gzip are not Node's: the digits, a File, a URL, and every malformed file. */
import { describe, expect, it } from "vitest";
import { FathomError } from "../../src/core/errors.ts";
import * as data from "../../src/data/index.ts";
import { gzip, idxBytes, images, labels, MALFORMED, PIXELS } from "../support/idxFiles.ts";

async function failure(call: Promise<unknown>): Promise<FathomError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FathomError)) throw new Error(`expected a FathomError, not ${String(error)}`);
  return error;
}

it("holds the digits", async () => {
  const { train, test } = await data.digits();
  expect([train.count, test?.count, train.x.length]).toEqual([1437, 360, 1437 * 64]);
});

it("reads Files and blob URLs, plain or gzipped", async () => {
  const url = URL.createObjectURL(new Blob([await gzip(images())]));
  const { train } = await data.idx({ trainImages: url, trainLabels: new File([labels()], "labels") });
  expect([...train.x]).toEqual(PIXELS);
  expect([...train.y]).toEqual([9, 0, 4]);
});

/** Breaks off after some bytes, as a download does. */
class Broken extends Blob {
  readonly #start: Uint8Array<ArrayBuffer>;
  constructor(start: Uint8Array<ArrayBuffer>) {
    super([start]);
    this.#start = start;
  }
  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let handed = false;
    return new ReadableStream({
      pull: (controller) => {
        if (handed) controller.error(new TypeError("network error"));
        else controller.enqueue(this.#start);
        handed = true;
      },
    });
  }
}

it("tells a broken download from a broken file, plain or gzipped", async () => {
  for (const start of [images().slice(0, 20), (await gzip(images())).slice(0, 20)]) {
    const error = await failure(data.idx({ trainImages: new Broken(start), trainLabels: labels() }));
    expect(error.code).toBe("io");
    expect(error.message).toMatch(/^trainImages: could not be read \(network error\)/);
  }
});

it("stops unfolding a bomb", async () => {
  const bomb = await gzip(idxBytes([3, 2, 2], new Uint8Array(1 << 20)));
  expect((await failure(data.idx({ trainImages: bomb, trainLabels: labels() }))).message).toMatch(
    /^trainImages: goes on past the 28 bytes/,
  );
});

describe("malformed files", () => {
  it.each(MALFORMED)("refuses $what", async ({ images: badImages, labels: badLabels, message }) => {
    const error = await failure(data.idx({ trainImages: await (badImages ?? images)(), trainLabels: await (badLabels ?? labels)() }));
    expect(error.message.slice(0, message.length)).toBe(message);
    expect(error.code).toBe("file-format");
  });
});
