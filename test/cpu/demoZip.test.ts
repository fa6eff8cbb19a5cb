/** The lab's ZIP files: others read what it writes, it reads what others write, and what is damaged is refused by its byte. */
import { describe, expect, it } from "vitest";
import { unzip, zipOf } from "../../demo/zip.ts";

/** By Python's zipfile: a folder, run/a.txt (forty times "a", deflated), run/b.txt ("b", stored), and a comment. */
const OTHERS =
  "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAAEAAAAcnVuL1BLAwQUAAAACAAAACEAJYpbyQYAAAAoAAAACQAAAHJ1bi9hLnR4dEtMJA4AAFBLAwQUAAAAAAAAACEA+e++cQEAAAABAAAACQAAAHJ1bi9iLnR4dGJQSwECFAMUAAAAAAAAACEAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAgAEAAAAAcnVuL1BLAQIUAxQAAAAIAAAAIQAlilvJBgAAACgAAAAJAAAAAAAAAAAAAACAASIAAABydW4vYS50eHRQSwECFAMUAAAAAAAAACEA+e++cQEAAAABAAAACQAAAAAAAAAAAAAAgAFPAAAAcnVuL2IudHh0UEsFBgAAAAADAAMAoAAAAHcAAAAOAG1hZGUgZWxzZXdoZXJl";
const others = (): Uint8Array => Uint8Array.from(Buffer.from(OTHERS, "base64"));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = async (files: readonly File[]): Promise<[string, string][]> =>
  Promise.all(files.map(async (file): Promise<[string, string]> => [file.name, await file.text()]));
const reading = (content: Uint8Array, most = 1000): Promise<File[]> => unzip(content, "run.zip", most);

const OURS = Buffer.concat(
  zipOf([
    { name: "a.txt", parts: [bytes("12345"), bytes("6789")] },
    { name: "ü.txt", parts: [] },
  ]),
);

describe("a ZIP", () => {
  it("of ours has its check sums and lengths where the format wants them", () => {
    expect(OURS.readUInt32LE(0)).toBe(0x04034b50);
    // The check sum that CRC-32's definition names for these nine digits.
    expect(OURS.readUInt32LE(14)).toBe(0xcbf43926);
    expect([OURS.readUInt32LE(18), OURS.readUInt32LE(22), OURS.readUInt16LE(26)]).toEqual([9, 9, 5]);
    const end = OURS.length - 22;
    expect([OURS.readUInt32LE(end), OURS.readUInt16LE(end + 10)]).toEqual([0x06054b50, 2]);
    expect(OURS.readUInt32LE(OURS.readUInt32LE(end + 16))).toBe(0x02014b50);
  });

  it("of ours and of others is read, without its folders", async () => {
    expect(await texts(await reading(OURS))).toEqual([
      ["a.txt", "123456789"],
      ["ü.txt", ""],
    ]);
    expect(await texts(await reading(others()))).toEqual([
      ["a.txt", "a".repeat(40)],
      ["b.txt", "b"],
    ]);
  });

  it("is refused where it is damaged, cut short or too large", async () => {
    const damaged = Uint8Array.from(OURS);
    damaged[35] = 0;
    await expect(reading(damaged)).rejects.toThrow(/^run\.zip: a\.txt, from byte 35, is damaged/);
    await expect(reading(OURS.subarray(0, -1))).rejects.toThrow(/is no ZIP file, or is cut short: its \d+ bytes/);
    await expect(reading(bytes("x"))).rejects.toThrow(/is no ZIP file/);
    await expect(reading(OURS, 8)).rejects.toThrow(/unpacks to more than 8 bytes/);
    const lost = Uint8Array.from(OURS);
    lost[0] = 0;
    await expect(reading(lost)).rejects.toThrow(/byte 0: the file a\.txt should begin here/);
    const inflated = others();
    inflated[inflated.findIndex((byte, index) => byte === 0x61 && inflated[index + 1] === 0x2e && index < 90) + 6] = 0xff;
    await expect(reading(inflated)).rejects.toThrow(/a\.txt, from byte \d+, is damaged/);
  });
});
