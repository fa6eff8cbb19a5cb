/** Every error that Fathom throws: one class, one list of codes, and messages that name the thing, the values and the remedy. */

export type FathomErrorCode =
  | "no-webgpu"
  | "insecure-context"
  | "no-adapter"
  | "limits-too-small"
  | "aborted"
  | "device-lost"
  | "out-of-memory"
  | "validation"
  | "shader"
  | "shape"
  | "dtype"
  | "argument"
  | "disposed"
  | "nondifferentiable"
  | "non-finite"
  | "file-format"
  | "io"
  | "experiment"
  | "browser"
  | "internal";

/** What Fathom throws. `code` is stable and meant for programs; `message` says what was wrong and what to do. */
export class FathomError extends Error {
  override readonly name = "FathomError";
  readonly code: FathomErrorCode;
  /** Facts for programs, such as the step and the layer of a non-finite number. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: FathomErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

export function abortError(signal: AbortSignal, what: string): FathomError {
  return new FathomError("aborted", `${what}: stopped, because its signal was aborted`, { cause: signal.reason });
}

/** Throws what AbortSignal promises, as a FathomError. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw abortError(signal, what);
}
