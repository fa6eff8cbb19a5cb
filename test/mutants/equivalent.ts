/** Mutants that compute the same, each with the reason why no test can kill it. */
export const EQUIVALENT: readonly { readonly file: string; readonly before: string; readonly after: string; readonly reason: string }[] =
  [];
