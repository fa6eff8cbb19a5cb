/** The library's judgement, in a chunk of its own. */
export { diagnose } from "../src/index.ts";
