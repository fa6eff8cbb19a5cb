/** While the remedies are being built: what the schema knows and the library does not yet. */
import { FathomError } from "../core/errors.ts";

export const unbuilt = (what: string): FathomError => new FathomError("internal", `${what} is not built yet`);
