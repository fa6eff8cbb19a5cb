/** Computes graphs on the GPU by their plans, each output, input and pool in a buffer that ends in canary words; one readback for many graphs. */
import { expect } from "vitest";
import { type DType, typedArray, typedArrayView } from "../../src/core/dtype.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { specialize } from "../../src/gpu/specialize.ts";
import type { Node } from "../../src/graph/node.ts";
import type { Target } from "../../src/graph/op.ts";
import { lower } from "../../src/plan/lower.ts";
import type { Plan, PlanBinding } from "../../src/plan/types.ts";
import type { Values } from "./float64.ts";
import { software, testDevice } from "./runKernel.ts";
import { testPipeline } from "./testPipelines.ts";

export interface GraphRun {
  readonly what: string;
  readonly root: Node;
  readonly values: Values;
}

const CANARY = 0xdeadbeef;
const CANARIES = 64;

/** A buffer of the run: what it holds, and how many words of that are its own. */
interface Held {
  readonly buffer: GPUBuffer;
  readonly words: number;
  readonly what: string;
  /** What it must still hold; inputs only. */
  readonly kept?: Uint32Array;
}

interface Prepared {
  readonly run: GraphRun;
  readonly plan: Plan;
  readonly output: Held;
  readonly held: readonly Held[];
  readonly encode: (pass: GPUComputePassEncoder) => void;
}

function make(device: GPUDevice, what: string, words: number, data?: Uint32Array): Held {
  const whole = new Uint32Array(Math.ceil(words / 64) * 64 + CANARIES).fill(CANARY);
  if (data) whole.set(data);
  const { STORAGE, UNIFORM, COPY_DST, COPY_SRC } = GPUBufferUsage;
  const buffer = device.createBuffer({ size: whole.byteLength, usage: STORAGE | UNIFORM | COPY_DST | COPY_SRC });
  device.queue.writeBuffer(buffer, 0, whole);
  return { buffer, words, what, ...(data ? { kept: data } : {}) };
}

const bits = (dtype: DType, values: ArrayLike<number>): Uint32Array => new Uint32Array(typedArray(dtype, values).buffer as ArrayBuffer);

function constantsOf(plan: Plan, scalars: readonly Node[]): Uint32Array {
  const words = new Uint32Array(plan.constants.bytes / 4);
  for (const { offset, dtype, value } of plan.constants.entries)
    words[offset / 4] = bits(dtype, ["literal" in value ? value.literal : scalars[value.scalar]!.attributes.value])[0]!;
  return words;
}

async function prepare(device: GPUDevice, run: GraphRun, target: Target): Promise<Prepared> {
  const { plan, items } = lower({ roots: [run.root], assignments: [], target });
  const inputs = items.inputs.map((node, index) =>
    make(device, `input ${index}`, sizeOf(node.shape), bits(node.dtype, run.values.get(node)!)),
  );
  const output = make(device, "output", sizeOf(run.root.shape));
  const pools = plan.pools.map(({ bytes }, index) => make(device, `pool ${index}`, bytes / 4));
  const constants = make(device, "constants", plan.constants.bytes / 4, constantsOf(plan, items.scalars));
  const bufferOf = ({ buffer }: PlanBinding): Held => {
    if (buffer.kind === "pool") return pools[buffer.index]!;
    if (buffer.kind === "input") return inputs[buffer.index]!;
    if (buffer.kind === "output") return output;
    if (buffer.kind === "constants") return constants;
    throw new Error(`${run.what}: reads a state`);
  };
  const kernels = await Promise.all(
    plan.kernels.map(({ name, template, defines, constants: overrides, access }) =>
      testPipeline(device, specialize(name, template, defines), overrides, access),
    ),
  );
  const steps = plan.dispatches.map(({ kernel, bindings, workgroups }) => {
    const { layout, pipeline } = kernels[kernel]!;
    const entries = bindings.map((binding, index) => {
      const { buffer } = bufferOf(binding);
      // To the buffer's end: what is written past the tensor hits the canaries, not the edge of the binding.
      const whole = binding.buffer.kind === "output" || binding.buffer.kind === "input";
      return { binding: index, resource: { buffer, offset: binding.offset, size: whole ? buffer.size - binding.offset : binding.size } };
    });
    return { pipeline, group: device.createBindGroup({ layout, entries }), workgroups };
  });
  const encode = (pass: GPUComputePassEncoder): void => {
    for (const { pipeline, group, workgroups } of steps) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
  };
  return { run, plan, output, held: [output, ...inputs, ...pools], encode };
}

/** The value of each graph's root. Expects every canary as it was, and every input too. */
export async function runGraphs(runs: readonly GraphRun[], target: Target = software): Promise<Float64Array[]> {
  const device = await testDevice();
  const prepared = await Promise.all(runs.map((run) => prepare(device, run, target)));
  const held = prepared.flatMap((one) => one.held.map((buffer) => ({ ...buffer, what: `${buffer.what} of ${one.run.what}` })));
  const staging = device.createBuffer({
    size: held.reduce((total, { buffer }) => total + buffer.size, 0),
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const { encode } of prepared) encode(pass);
  pass.end();
  let offset = 0;
  const places = new Map<GPUBuffer, number>();
  for (const { buffer } of held) {
    encoder.copyBufferToBuffer(buffer, 0, staging, offset, buffer.size);
    places.set(buffer, offset);
    offset += buffer.size;
  }
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const mapped = staging.getMappedRange().slice(0);
  staging.destroy();
  for (const { buffer, words, what, kept } of held) {
    const all = new Uint32Array(mapped, places.get(buffer)!, buffer.size / 4);
    // Pools are shared and reused, so that only what follows them is known.
    const end = what.startsWith("pool") ? Math.ceil(words / 64) * 64 : words;
    expect(
      all.subarray(end).every((word) => word === CANARY),
      `canaries behind the ${what}`,
    ).toBe(true);
    if (kept && all.subarray(0, kept.length).some((word, index) => word !== kept[index])) expect.fail(`the ${what} was written`);
  }
  return prepared.map(({ run, output, held: own }) => {
    const { dtype, shape } = run.root;
    const data = Float64Array.from(typedArrayView(dtype, mapped, places.get(output.buffer)!, sizeOf(shape)));
    for (const { buffer } of own) buffer.destroy();
    return data;
  });
}
