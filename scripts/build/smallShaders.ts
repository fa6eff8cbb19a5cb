/** Takes out of shaders what only their readers need: comments, empty lines, and blanks around operators. */
import type { Plugin } from "vite";

const RAW = "export default ";

/** Blanks around these mean nothing. Not + and -, which two of would make another operator, nor what a directive or a `${DEFINE}` is made of. */
const AROUND = / *([=<>(),;:*/|&?]) */g;

/** Lines stay lines, and one that was indented still is: that tells the engine where a function ends. Nothing in WGSL but a comment has two slashes. */
export function smallShader(text: string): string {
  const lines = text.split("\n").flatMap((line) => {
    const bare = line.replace(/\/\/.*$/, "").trimEnd();
    if (bare === "") return [];
    const start = bare.trimStart();
    if (start.startsWith("#")) return [start];
    return [(start === bare ? "" : " ") + start.replace(AROUND, "$1")];
  });
  return lines.map((line) => `${line}\n`).join("");
}

export const smallShaders = (): Plugin => ({
  name: "small-shaders",
  apply: "build",
  transform(code, id) {
    if (!id.endsWith(".wgsl?raw") || !code.startsWith(RAW)) return null;
    const text = JSON.parse(code.slice(RAW.length).replace(/;?\s*$/, "")) as string;
    return { code: RAW + JSON.stringify(smallShader(text)), map: null };
  },
});
