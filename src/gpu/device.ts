/** Getting a GPUDevice, and knowing when it has failed: everything that WebGPU reports reaches the caller as a FathomError. */
import { checkChoice, checkOptions } from "../core/check.ts";
import { abortError, FathomError, throwIfAborted } from "../core/errors.ts";
import { browserAdvice } from "./advice.ts";
import { USAGE } from "./buffers.ts";

export interface OpenOptions {
  /** A device of your own; Fathom then never destroys it. */
  readonly device?: GPUDevice;
  readonly adapter?: GPUAdapter;
  readonly powerPreference?: GPUPowerPreference;
  readonly signal?: AbortSignal;
  /** Where `navigator.gpu` is not: Dawn in Node, for one. */
  readonly gpu?: GPU;
}

export interface AdapterFacts {
  /** A software adapter runs on the CPU (SwiftShader, llvmpipe, WARP). */
  readonly class: "software" | "hardware";
  readonly description: string;
  readonly vendor: string;
  readonly architecture: string;
}

/** WebGPU's baseline; an adapter below it is not to be worked with. */
const NEEDED_LIMITS = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBufferBindingSize: 128 * 1024 * 1024,
} as const satisfies Partial<Record<keyof GPUSupportedLimits, number>>;

/** Asked for in full where the adapter has more than the baseline. */
const WANTED_LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;
const WANTED_FEATURES = ["subgroups"] as const;

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render|warp\b/i;

/** How long, in milliseconds, a device that no longer answers may take to say that it is lost. */
const LOSS_PATIENCE = 10_000;

/** A device with its first failure, if it had one. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterFacts;
  private readonly owned: boolean;
  private failure: FathomError | null = null;
  private closed = false;
  private readonly waiting = new Set<(error: FathomError) => void>();
  private judging: Promise<void> | null = null;
  private readonly onError = (event: Event): void => {
    const error = fromGpuError((event as GPUUncapturedErrorEvent).error);
    void this.judge().then(() => this.fail(error));
  };

  constructor(device: GPUDevice, adapter: AdapterFacts, owned: boolean) {
    this.device = device;
    this.adapter = adapter;
    this.owned = owned;
    device.addEventListener("uncapturederror", this.onError);
    void device.lost.then(({ reason, message }) => {
      if (this.closed) return;
      this.fail(
        new FathomError(
          "device-lost",
          `the GPU device was lost (${reason === "destroyed" ? "it was destroyed" : message || "no reason given"}). Open a new engine and restore from a checkpoint`,
          { details: { reason } },
        ),
      );
    });
  }

  /** The first failure stands. */
  private fail(error: FathomError): void {
    if (this.closed) return;
    this.failure ??= error;
    for (const reject of this.waiting) reject(this.failure);
    this.waiting.clear();
  }

  /**
   * Waits until it is clear whether the device lives. A loss is reported after the errors that it causes, on a busy machine long after, and
   * explains them; a living device answers a question meanwhile, a lost one never does.
   */
  private judge(): Promise<void> {
    this.judging ??= this.answerOrLoss().finally(() => {
      this.judging = null;
    });
    return this.judging;
  }

  private async answerOrLoss(): Promise<void> {
    const { device } = this;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LOSS_PATIENCE);
    });
    device.pushErrorScope("validation");
    const probe = device.createBuffer({ label: "fathom probe", size: 4, usage: USAGE.MAP_READ });
    const mapping = probe.mapAsync(1);
    // A lost device's refusals, of the buffer and in Firefox of its mapping, are no errors of their own.
    device.popErrorScope().catch(() => {});
    const answer = mapping.then(
      () => {},
      () => Promise.race([device.lost, patience]),
    );
    await Promise.race([answer, device.lost, patience]);
    clearTimeout(timer);
    probe.destroy();
  }

  /** Throws the first failure, if there was one. */
  throwIfFailed(): void {
    if (this.closed) throw new FathomError("disposed", "this engine was closed with dispose(); open() another");
    if (this.failure) throw this.failure;
  }

  /** The promise's value, or the device's failure where that comes first: a lost device leaves promises that never settle, or settle wrongly. */
  async guard<T>(promise: Promise<T>): Promise<T> {
    // Whatever is thrown below instead, its own rejection has been heard.
    promise.catch(() => {});
    this.throwIfFailed();
    let leave = (_: FathomError): void => {};
    const failed = new Promise<never>((_, reject) => {
      leave = reject;
      this.waiting.add(reject);
    });
    try {
      const value = await Promise.race([promise, failed]);
      if (this.judging) await this.judging;
      this.throwIfFailed();
      return value;
    } catch (error) {
      await this.explain();
      throw error instanceof FathomError ? error : new FathomError("validation", `the GPU refused: ${String(error)}`, { cause: error });
    } finally {
      this.waiting.delete(leave);
    }
  }

  /** After an error: throws the device's failure where there is one. */
  async explain(): Promise<void> {
    if (!this.closed && !this.failure) await this.judge();
    this.throwIfFailed();
  }

  dispose(): void {
    if (this.closed) return;
    this.closed = true;
    this.device.removeEventListener("uncapturederror", this.onError);
    for (const reject of this.waiting)
      reject(new FathomError("disposed", "this engine was closed with dispose() while work was under way"));
    this.waiting.clear();
    if (this.owned) this.device.destroy();
  }
}

export function fromGpuError(error: GPUError): FathomError {
  const kind = error.constructor.name;
  if (kind === "GPUOutOfMemoryError")
    return new FathomError(
      "out-of-memory",
      `the GPU has no memory left: ${error.message}. Use a smaller batch or model, or dispose of tensors`,
    );
  return new FathomError(kind === "GPUValidationError" ? "validation" : "internal", `WebGPU: ${error.message}`);
}

function factsOf(info: GPUAdapterInfo | undefined): AdapterFacts {
  const { vendor = "", architecture = "", device = "", description = "" } = info ?? {};
  const text = [vendor, architecture, device, description].filter((part) => part !== "").join(" ") || "unnamed adapter";
  const software = SOFTWARE.test(text) || (info as { isFallbackAdapter?: boolean } | undefined)?.isFallbackAdapter === true;
  return { class: software ? "software" : "hardware", description: text, vendor, architecture };
}

function checkLimits(limits: GPUSupportedLimits, what: string): void {
  for (const [name, needed] of Object.entries(NEEDED_LIMITS)) {
    const has = limits[name as keyof typeof NEEDED_LIMITS];
    if (has < needed)
      throw new FathomError(
        "limits-too-small",
        `${what} allows ${name} of ${has}; Fathom needs ${needed}, WebGPU's baseline. Use a device requested without lower limits, or another adapter`,
      );
  }
}

/** Opens a device, or takes the given one. Throws a FathomError that says what is missing, with advice for this browser. */
export async function openGpu(options: OpenOptions = {}): Promise<Gpu> {
  checkOptions("open", options, ["device", "adapter", "powerPreference", "signal", "gpu"]);
  if (options.powerPreference !== undefined)
    checkChoice("open", "powerPreference", options.powerPreference, ["low-power", "high-performance"]);
  const { device, signal } = options;
  throwIfAborted(signal, "open");
  if (device) {
    checkLimits(device.limits, "the given device");
    return new Gpu(device, factsOf((device as { adapterInfo?: GPUAdapterInfo }).adapterInfo ?? options.adapter?.info), false);
  }
  const adapter = options.adapter ?? (await unlessAborted(requestAdapter(options), signal));
  checkLimits(adapter.limits, "this machine's GPU adapter");
  let opened: GPUDevice;
  try {
    opened = await unlessAborted(adapter.requestDevice(deviceRequest(adapter)), signal, (late) => late.destroy());
  } catch (error) {
    if (error instanceof FathomError) throw error;
    throw new FathomError("no-adapter", `the GPU adapter gave no device: ${String(error)}. ${browserAdvice()}`, { cause: error });
  }
  return new Gpu(opened, factsOf(adapter.info), true);
}

/** What an engine asks an adapter for; `more` features where it has them. */
export function deviceRequest(adapter: GPUAdapter, more: readonly GPUFeatureName[] = []): GPUDeviceDescriptor {
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = [...WANTED_FEATURES, ...more].filter((name) => adapter.features.has(name));
  return { requiredLimits, requiredFeatures, label: "fathom" };
}

/** The promise's value, or at once an "aborted" error; `late` gets what comes all the same. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, late: (value: T) => void = () => {}): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      promise.then(late, () => {});
      reject(abortError(signal, "open"));
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

async function requestAdapter({ gpu, powerPreference }: OpenOptions): Promise<GPUAdapter> {
  const api = gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!api) {
    if (globalThis.isSecureContext === false)
      throw new FathomError("insecure-context", "WebGPU works only in a secure context: open this page over https, or from localhost");
    throw new FathomError(
      "no-webgpu",
      `this ${typeof document === "undefined" ? "environment" : "browser"} has no WebGPU. ${browserAdvice()}`,
    );
  }
  let adapter: GPUAdapter | null;
  try {
    adapter = await api.requestAdapter(powerPreference ? { powerPreference } : {});
  } catch (error) {
    throw new FathomError("no-adapter", `WebGPU is here, but refused to look for a GPU adapter: ${String(error)}. ${browserAdvice()}`, {
      cause: error,
    });
  }
  if (!adapter) throw new FathomError("no-adapter", `WebGPU is here, but it offers no GPU adapter. ${browserAdvice()}`);
  return adapter;
}
