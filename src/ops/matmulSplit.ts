/** Products with long sums in parts: each part of K has workgroups of its own, and a reduction adds the parts up in a fixed order. */
import { contiguousStrides } from "../core/shape.ts";
import type { Binding, KernelCall, KernelPlan, Target, View } from "../graph/op.ts";
import { batchesOf, chooseMatmul, type MatmulProblem, partLength, plainEpilogue, type Tile } from "./matmulKernel.ts";
import { type Reduction, reduceCalls } from "./reduceKernel.ts";

/** Terms that an invocation may add up before its loops go too many rounds (lanes.ts): four a round, or 16 in 20. */
const MOST_TERMS = { matmul_register: 131_072, matmul_small: 131_072, matmul_tiled: 32_768 } as const satisfies Record<
  Tile["shader"],
  number
>;

/**
 * Where splitting wins: products of fewer workgroups than `below` are split into parts of `terms` or more, up to `wanted` workgroups.
 * Measured on SwiftShader with two cores; reasoned for hardware, where a few workgroups leave most of it idle (docs/decisions.md).
 */
const WINS = {
  software: { below: 2, wanted: 4, terms: 2048 },
  hardware: { below: 64, wanted: 128, terms: 512 },
} as const satisfies Record<Target["adapterClass"], object>;

/** Into how many parts the sums of a product of so many workgroups are split; 1 for none. */
export function partsOf({ k, adapterClass }: MatmulProblem, shader: Tile["shader"], workgroups: number): number {
  const { below, wanted, terms } = WINS[adapterClass];
  const needed = Math.ceil(k / MOST_TERMS[shader]);
  const winning = workgroups < below ? Math.min(Math.ceil(wanted / workgroups), Math.floor(k / terms)) : 1;
  const parts = Math.max(needed, winning, 1);
  return parts === 1 ? 1 : Math.ceil(k / partLength(k, parts));
}

/** Where the results of a product go; see productKernel. */
export interface SplitOutputs {
  readonly bias: Binding | undefined;
  readonly rowSum: Binding | undefined;
}

/** The product of the inputs 0 and 1 in `parts`, into output 0, through the reduction's epilogue. */
export function splitKernel(problem: MatmulProblem, parts: number, { bias, rowSum }: SplitOutputs, target: Target): KernelPlan {
  const { m, n, batch } = problem;
  const { shader, defines, overrides, workgroups, width } = chooseMatmul({ ...problem, bias: false, parts });
  const batches = batchesOf(batch);
  const temporaries = [batches * parts * m * n];
  const sums = rowSum ? temporaries.push(batches * parts * m) - 1 : 0;
  const bindings: Binding[] = [{ input: 0 }, { input: 1 }, ...(rowSum ? [{ temporary: sums }] : [])];
  const epilogue = plainEpilogue(bindings.length, width);
  const product: KernelCall = {
    shader,
    defines: { ...defines, EPILOGUE: epilogue },
    overrides,
    workgroups,
    bindings: [...bindings, { temporary: 0 }],
  };
  const add = (size: number, temporary: number, to: Binding, bias: Binding | undefined): KernelCall[] => {
    const shape = [batches, parts, size];
    const view: View = { shape, strides: contiguousStrides(shape), offset: 0 };
    const sum: Reduction = { map: "v", combine: "a + b", input: "f32" };
    const reduction = bias ? { ...sum, finish: `total + extras[o % ${n}u]`, extra: { binding: bias, dtype: "f32" as const } } : sum;
    return reduceCalls({ view, axes: [1], from: { temporary, access: "read" }, to }, reduction, target, temporaries);
  };
  const rows = rowSum ? add(m, sums, rowSum, undefined) : [];
  // Last, because it is the one that elementwise work may follow.
  return { calls: [product, ...rows, ...add(m * n, 0, { output: 0 }, bias)], temporaries };
}
