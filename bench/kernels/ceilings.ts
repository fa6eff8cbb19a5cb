/** What this adapter can do at best: a large copy for memory, and a loop of fused multiply-adds in registers for arithmetic. */
import type { Contestant } from "../measure.ts";

const VECTORS = 8;
const ROUNDS = 256;
const WORKGROUP = 64;

/** Eight independent chains of vec4f in each invocation, so that latency is hidden; the result is stored, or it would all be left out. */
const FMA = `
@group(0) @binding(0) var<storage, read_write> result: array<vec4f>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let start = f32(id.x & 15u) * 0.01;
  let scale = vec4f(0.999 + start * 1e-4);
  let shift = vec4f(0.001, 0.002, 0.003, 0.004) * start;
${Array.from({ length: VECTORS }, (_, at) => `  var v${at} = vec4f(start + ${at}.0);`).join("\n")}
  for (var round = 0u; round < ${ROUNDS}u; round++) {
${Array.from({ length: VECTORS }, (_, at) => `    v${at} = fma(v${at}, scale, shift);`).join("\n")}
  }
  result[id.x] = ${Array.from({ length: VECTORS }, (_, at) => `v${at}`).join(" + ")};
}`;

export interface Ceilings {
  readonly invocations: number;
  readonly copyBytes: number;
}

export function ceilings(device: GPUDevice, { invocations, copyBytes }: Ceilings): Contestant[] {
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const copy: Contestant = {
    id: "ceiling-copy",
    title: `copy of ${copyBytes / 2 ** 20} MiB, read and written`,
    rate: { unit: "GB/s", perMillisecond: (2 * copyBytes) / 1e6 },
    async prepare() {
      const [from, to] = [COPY_SRC, COPY_DST].map((usage) => device.createBuffer({ size: copyBytes, usage: usage | STORAGE }));
      return {
        async run(times) {
          const encoder = device.createCommandEncoder();
          for (let time = 0; time < times; time++) encoder.copyBufferToBuffer(from!, 0, to!, 0, copyBytes);
          device.queue.submit([encoder.finish()]);
          await device.queue.onSubmittedWorkDone();
        },
        facts: {},
        dispose() {
          from!.destroy();
          to!.destroy();
        },
      };
    },
  };
  const fma: Contestant = {
    id: "ceiling-fma",
    title: `fused multiply-adds in registers, ${invocations} invocations`,
    rate: { unit: "GFLOP/s", perMillisecond: (2 * 4 * VECTORS * ROUNDS * invocations) / 1e6 },
    async prepare() {
      const result = device.createBuffer({ size: 16 * invocations, usage: STORAGE });
      const module = device.createShaderModule({ code: FMA });
      const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
      const entries = [{ binding: 0, resource: { buffer: result } }];
      const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      return {
        async run(times) {
          const encoder = device.createCommandEncoder();
          const pass = encoder.beginComputePass();
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          for (let time = 0; time < times; time++) pass.dispatchWorkgroups(invocations / WORKGROUP);
          pass.end();
          device.queue.submit([encoder.finish()]);
          await device.queue.onSubmittedWorkDone();
        },
        facts: {},
        dispose: () => result.destroy(),
      };
    },
  };
  return [copy, fma];
}
