/** Runs a kernel op's dispatches by themselves, on buffers that end in canary words: what a kernel writes past its end, or into its inputs, is found. */
import { expect } from "vitest";
import { type DType, typedArray } from "../../src/core/dtype.ts";
import { contiguousStrides, sizeOf } from "../../src/core/shape.ts";
import { specialize } from "../../src/gpu/specialize.ts";
import type { Attributes, TensorType } from "../../src/graph/node.ts";
import type { Binding, Op, Reference, Target, View } from "../../src/graph/op.ts";
import { shaderOf } from "../../src/ops/shaders.ts";
import { testPipeline } from "./testPipelines.ts";

export interface KernelInput extends TensorType {
  readonly data: ArrayLike<number>;
  /** Contiguous if left out. */
  readonly view?: View;
}

export const f32 = (shape: readonly number[], data: ArrayLike<number>): KernelInput => ({
  shape,
  dtype: "f32",
  data: Float32Array.from(data),
});
export const i32 = (data: ArrayLike<number>): KernelInput => ({ shape: [data.length], dtype: "i32", data: Int32Array.from(data) });
export const u32 = (data: ArrayLike<number>): KernelInput => ({ shape: [data.length], dtype: "u32", data: Uint32Array.from(data) });

export const software: Target = { adapterClass: "software", subgroups: false };
export const hardware: Target = { adapterClass: "hardware", subgroups: false };

const CANARY = 0xdeadbeef;
const CANARIES = 64;
const MOST_WORKGROUPS = 65535;

let opened: Promise<GPUDevice> | null = null;

export function testDevice(): Promise<GPUDevice> {
  opened ??= navigator.gpu.requestAdapter().then((adapter) => {
    if (!adapter) throw new Error("no WebGPU adapter");
    return adapter.requestDevice();
  });
  return opened;
}

/** The outputs as float64; the words of integers are theirs. Expects every canary, and every input that is not written in place, as it was. */
export async function runKernel<A extends Attributes>(
  op: Op<A>,
  inputs: readonly KernelInput[],
  attributes: A,
  target: Target = software,
): Promise<Reference[]> {
  const { form } = op;
  if (form.kind !== "kernel") throw new Error(`${op.name} is no kernel op`);
  const inferred = op.infer(inputs as never, attributes);
  const types = (Array.isArray(inferred) ? inferred : [inferred]) as readonly TensorType[];
  const views = inputs.map(({ shape, dtype, view }) => ({ ...(view ?? { shape, strides: contiguousStrides(shape), offset: 0 }), dtype }));
  const plan = form.kernel(views as never, types as never, attributes, target);
  const device = await testDevice();
  const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;

  const make = (words: number, data?: Uint32Array<ArrayBuffer>): GPUBuffer => {
    const whole = new Uint32Array(Math.ceil(words / 4) * 4 + CANARIES).fill(CANARY);
    if (data) whole.set(data);
    const buffer = device.createBuffer({ size: whole.byteLength, usage: STORAGE | COPY_DST | COPY_SRC });
    device.queue.writeBuffer(buffer, 0, whole);
    return buffer;
  };
  const bits = ({ dtype, data }: KernelInput): Uint32Array<ArrayBuffer> =>
    new Uint32Array(typedArray(dtype, Array.from(data)).buffer as ArrayBuffer);
  const given = inputs.map((input) => make(input.data.length, bits(input)));
  const inPlace = new Set(Object.values(form.inPlace ?? {}));
  const outputs = types.map(({ shape }, index) => given[form.inPlace?.[index] ?? -1] ?? make(sizeOf(shape)));
  const temporaries = (plan.temporaries ?? []).map((words) => make(words));

  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const call of plan.calls) {
    const bufferOf = (binding: Binding): { buffer: GPUBuffer; write: boolean } => {
      if ("input" in binding) return { buffer: given[binding.input]!, write: false };
      if ("output" in binding) return { buffer: outputs[binding.output]!, write: true };
      if ("flags" in binding) throw new Error("runs no kernel that raises flags by itself");
      return { buffer: temporaries[binding.temporary]!, write: binding.access !== "read" };
    };
    const bound = call.bindings.map(bufferOf);
    const defines: Record<string, string | number | boolean> = { ...call.defines };
    if (call.epilogue) {
      const wide = call.epilogue.width === 4;
      const F = wide ? "vec4f" : "f32";
      defines["EPILOGUE"] = `alias F = ${F};
@group(0) @binding(${bound.length}) var<storage, read_write> epilogue_output: array<F>;
fn epilogue(index: u32, value: F) { epilogue_output[${wide ? "index / 4u" : "index"}] = value; }`;
      bound.push({ buffer: outputs[0]!, write: true });
    }
    expect(bound.length, "storage buffers that one kernel may bind").toBeLessThanOrEqual(8);
    const { name, text } = shaderOf(call.shader);
    const { pipeline, layout } = await testPipeline(
      device,
      specialize(name, text, defines),
      call.overrides ?? {},
      bound.map(({ write }) => (write ? "read_write" : "read")),
    );
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({ layout, entries: bound.map(({ buffer }, binding) => ({ binding, resource: { buffer } })) }),
    );
    const { workgroups } = call;
    if (typeof workgroups === "number")
      pass.dispatchWorkgroups(Math.min(workgroups, MOST_WORKGROUPS), Math.ceil(workgroups / MOST_WORKGROUPS));
    else pass.dispatchWorkgroups(...workgroups);
  }
  pass.end();

  const held = [...new Set([...given, ...outputs, ...temporaries])];
  const starts = held.map((_, index) => held.slice(0, index).reduce((sum, { size }) => sum + size, 0));
  const staging = device.createBuffer({ size: held.reduce((sum, { size }) => sum + size, 0), usage: COPY_DST | MAP_READ });
  for (const [index, buffer] of held.entries()) encoder.copyBufferToBuffer(buffer, 0, staging, starts[index]!, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const mapped = staging.getMappedRange().slice(0);
  for (const buffer of [...held, staging]) buffer.destroy();
  const read = (buffer: GPUBuffer): Uint32Array<ArrayBuffer> => new Uint32Array(mapped, starts[held.indexOf(buffer)]!, buffer.size / 4);
  const intact = (words: Uint32Array, used: number, what: string): void => {
    expect(
      words.subarray(used).every((word) => word === CANARY),
      `canaries behind ${what} of ${op.name}`,
    ).toBe(true);
  };
  for (const [index, input] of inputs.entries()) {
    const words = read(given[index]!);
    intact(words, input.data.length, `input ${index}`);
    if (!inPlace.has(index) && bits(input).some((word, at) => words[at] !== word)) expect.fail(`${op.name} wrote into its input ${index}`);
  }
  for (const [index, words] of (plan.temporaries ?? []).entries()) intact(read(temporaries[index]!), words, `temporary ${index}`);
  const results: Reference[] = [];
  for (const [index, { shape, dtype }] of types.entries()) {
    const words = read(outputs[index]!);
    const size = sizeOf(shape);
    intact(words, size, `output ${index}`);
    results.push({ shape, data: Float64Array.from(numbers(words, dtype).subarray(0, size)) });
  }
  return results;
}

function numbers(words: Uint32Array<ArrayBuffer>, dtype: DType): Float32Array | Int32Array | Uint32Array {
  const { buffer, byteOffset, length } = words;
  return dtype === "f32"
    ? new Float32Array(buffer, byteOffset, length)
    : dtype === "i32"
      ? new Int32Array(buffer, byteOffset, length)
      : words;
}

/** What the op's float64 reference gives for the same inputs, as float32 holds them. */
export function referenceOf<A extends Attributes>(op: Op<A>, inputs: readonly KernelInput[], attributes: A): Reference[] {
  const made = op.reference(inputs.map(({ shape, data }) => ({ shape, data: Float64Array.from(data) })) as never, attributes);
  return (Array.isArray(made) ? made : [made]) as Reference[];
}

/** Each value within `tolerance(index)` of the truth; NaN where the truth is NaN, and the same infinity. */
export function expectNear(actual: Reference, truth: Reference, tolerance: (index: number) => number, what = ""): void {
  expect(actual.shape).toEqual(truth.shape);
  let worst = { excess: 0, index: -1 };
  truth.data.forEach((value, index) => {
    const got = actual.data[index]!;
    const off = Object.is(got, value) || got === value ? 0 : Math.abs(got - value);
    const excess = Number.isNaN(value) ? (Number.isNaN(got) ? 0 : Infinity) : Number.isNaN(off) ? Infinity : off / tolerance(index);
    if (off !== 0 && excess > worst.excess) worst = { excess, index };
  });
  const { index } = worst;
  expect(
    worst.excess,
    `${what} element ${index}: ${actual.data[index]} for ${truth.data[index]}, allowed ±${index < 0 ? 0 : tolerance(index)}`,
  ).toBeLessThanOrEqual(1);
}
