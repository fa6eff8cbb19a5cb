/** Where in the editor's text a fault stands. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { lineOf, placeOf } from "../../demo/placeInJson.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every path in a value that the schema could name, with the value there. */
function pathsIn(value: Json, path = ""): (readonly [string, Json])[] {
  const inside: (readonly [string, Json])[] = Array.isArray(value)
    ? value.map((part, index) => [`${path}[${index}]`, part] as const)
    : value !== null && typeof value === "object"
      ? Object.entries(value).map(([key, part]) => [path === "" ? key : `${path}.${key}`, part] as const)
      : [];
  return inside.flatMap(([at, part]) => [[at, part] as const, ...pathsIn(part, at)]);
}

/** Strings with all that could be taken for the text's own signs. */
const strings = fc.oneof(fc.string(), fc.constantFrom('a"b', "}]", "\\", ', "x": 1', "{[", "\n"));
const { value: values } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, -1.5e-7, 12),
    strings,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z]\w{0,5}$/), tie("value"), { maxKeys: 4 }),
  ),
}));

it("is the key and the value of the path, however the text is laid out", () => {
  fc.assert(
    fc.property(fc.record({ model: values, steps: values }), fc.constantFrom(undefined, 1, 4, "\t"), (experiment, indent) => {
      const text = JSON.stringify(experiment, null, indent);
      for (const [path, value] of pathsIn(experiment)) {
        const { start, end } = placeOf(`${path} is wrong`, text)!;
        const found = text.slice(start, end);
        const key = path.endsWith("]") ? null : path.split(".").at(-1)!;
        expect(key === null ? JSON.parse(found) : JSON.parse(`{${found}}`), path).toEqual(key === null ? value : { [key]: value });
      }
    }),
  );
});

it("is what there is of the path where its end is missing", () => {
  const text = JSON.stringify({ model: [{ type: "linear" }], steps: 3 }, null, 2);
  const found = (fault: string): string => text.slice(placeOf(fault, text)!.start, placeOf(fault, text)!.end);
  expect(JSON.parse(found("model[0].units is missing"))).toEqual({ type: "linear" });
  expect(JSON.parse(found("batchSize is missing"))).toEqual(JSON.parse(text));
  expect(found('steps is 3; "use 4"')).toBe('"steps": 3');
  expect(lineOf(placeOf("steps is 3", text)!.start, text)).toBe(7);
});

it("is where the parser stopped in a text that is not JSON, as Chromium and Firefox say it", () => {
  const text = '{\n  "steps": 3,\n  oops\n}';
  expect(
    text[
      placeOf(`experiment: is not JSON (Expected double-quoted property name in JSON at position ${text.indexOf("oops")})`, text)!.start
    ],
  ).toBe("o");
  expect(
    text[
      placeOf("experiment: is not JSON (JSON.parse: expected double-quoted property name at line 3 column 3 of the JSON data)", text)!.start
    ],
  ).toBe("o");
  expect(placeOf("experiment: is not JSON (Unexpected end of JSON input)", text)).toBe(null);
  expect(placeOf("steps is 3", text)).toBe(null);
  expect(placeOf("experiment: is not JSON (bad at position 999)", text)).toEqual({ start: text.length, end: text.length });
});
