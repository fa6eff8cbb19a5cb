/** Types for what TypeScript cannot see by itself: shader files as text, and a preprocessor that has no types. */

declare module "*.wgsl?raw" {
  const source: string;
  export default source;
}

declare module "wgsl-preprocessor/wgsl-preprocessor.js" {
  /** Template tag; understands `#if ${flag}`, `#elif ${flag}`, `#else` and `#endif`. */
  export function wgsl(strings: readonly string[], ...values: readonly (string | number | boolean)[]): string;
}
