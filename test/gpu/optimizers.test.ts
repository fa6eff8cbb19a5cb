/** Every optimizer's kernels: 50 updates against PyTorch and the papers, and larger arenas against the references for either kind of adapter. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.ts";
import type { Op } from "../../src/graph/op.ts";
import { open } from "../../src/index.ts";
import { bitsOf, CHUNK, STEP, SUMMARY } from "../../src/ops/arena/layout.ts";
import type { UpdateAttributes } from "../../src/ops/arena/update.ts";
import { updateAdagradOp } from "../../src/ops/arena/updateAdagrad.ts";
import { updateLionOp } from "../../src/ops/arena/updateLion.ts";
import { updateNadamOp } from "../../src/ops/arena/updateNadam.ts";
import { updateRadamOp } from "../../src/ops/arena/updateRadam.ts";
import { updateRmspropOp } from "../../src/ops/arena/updateRmsprop.ts";
import { nadamTable, radamTable } from "../../src/optim/adamTable.ts";
import { factorTable, initialMoment, momentCount } from "../../src/optim/optimizers.ts";
import { layOutArena } from "../../src/train/arena.ts";
import { initialMoments } from "../../src/train/trainerStates.ts";
import { loadUpdate } from "../../src/train/update.ts";
import { spread } from "../support/float64.ts";
import {
  arena,
  gathered,
  gradients,
  learningRates,
  type OptimizerCase,
  optimizerCases,
  placed,
  start,
  tablesFor,
} from "../support/optimizerFixture.ts";
import { f32, hardware, type KernelInput, referenceOf, runKernel, software, u32 } from "../support/runKernel.ts";

let gpu: Engine;
beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

function summaryWords(applied: number, learningRate: number, skip = 0): Uint32Array {
  const summary = new Uint32Array(SUMMARY.words);
  summary.set([skip, bitsOf(1), applied]);
  summary[SUMMARY.learningRate] = bitsOf(learningRate);
  return summary;
}

function stepWords(weightDecay: number, more: Partial<Record<"l2" | "l1", number>> = {}): Uint32Array {
  const step = new Uint32Array(STEP.words);
  step[STEP.weightDecay] = bitsOf(weightDecay);
  step[STEP.l2] = bitsOf(more.l2 ?? 0);
  step[STEP.l1] = bitsOf(more.l1 ?? 0);
  return step;
}

describe("50 updates by given gradients", () => {
  /** Variants side by side in one program. */
  async function run(cases: readonly OptimizerCase[]): Promise<void> {
    const shared = {
      gradients: gpu.state("gradients", "f32", arena.size),
      segments: gpu.state("segments", "u32", arena.segmentTable.length, arena.segmentTable),
      summary: gpu.state("summary", "u32", SUMMARY.words),
    };
    const sides = cases.map(({ optimizer }, index) => {
      const kept = momentCount(optimizer);
      const table = factorTable(optimizer);
      const { stacks, chunks } = tablesFor(optimizer);
      return {
        stacks,
        words: chunks,
        chunks: gpu.state(`chunks${index}`, "u32", chunks.length, chunks),
        parameters: gpu.state(`parameters${index}`, "f32", arena.size, start),
        moments:
          kept === 0
            ? null
            : gpu.state(`moments${index}`, "f32", kept * arena.size, initialMoments(arena, kept, initialMoment(optimizer)) ?? undefined),
        step: gpu.state(`step${index}`, "u32", STEP.words, stepWords(optimizer.weightDecay)),
        table: table && gpu.state(`table${index}`, "f32", table.length, table),
      };
    });
    const updates = await Promise.all(sides.map(({ stacks }, index) => loadUpdate(cases[index]!.optimizer, stacks)));
    const program = await gpu.compileProgram({
      label: "optimizers",
      assignments: gpu.trace(() =>
        sides.flatMap(({ parameters, moments, step, table, chunks }, index) => {
          const made = updates[index]!(
            {
              parameters: parameters.node(),
              moments: moments?.node() ?? null,
              step: step.node(),
              table: table?.node() ?? null,
              gradients: shared.gradients.node(),
              chunks: chunks.node(),
              segments: shared.segments.node(),
              summary: shared.summary.node(),
            },
            { regularizer: false, clip: "scale" },
          );
          return [{ state: parameters, node: made.parameters }, ...(moments ? [{ state: moments, node: made.moments! }] : [])];
        }),
      ),
      states: [...Object.values(shared), ...sides.flatMap(({ step, chunks, table }) => (table ? [step, chunks, table] : [step, chunks]))],
    });
    const states = async (): Promise<number[][]> =>
      Promise.all(
        sides
          .flatMap(({ parameters, moments }) => [parameters, ...(moments ? [moments] : [])])
          .map(async (state) => [...(await state.read())]),
      );
    for (const [applied, gradient] of gradients.entries()) {
      shared.gradients.write(placed(gradient));
      shared.summary.write(summaryWords(applied, learningRates[applied]!));
      gpu.submit([program]);
      const count = applied + 1;
      for (const [index, { name, after }] of cases.entries()) {
        const expected = after.get(count);
        if (!expected) continue;
        const actual = gathered((await sides[index]!.parameters.read()) as Float32Array);
        // An update rounds the parameter, at most 4, and its own step, by a few units; moments pass on what they lost.
        const worst = actual.reduce((most, value, element) => Math.max(most, Math.abs(value - expected[element]!)), 0);
        expect(worst, `${name} after ${count} updates`).toBeLessThan(count * 8 * 2 ** -24);
      }
    }
    // A step that is left out, and frozen parameters.
    const before = await states();
    shared.summary.write(summaryWords(gradients.length, 1, 1));
    gpu.submit([program]);
    expect(await states(), "a step that is skipped").toEqual(before);
    shared.summary.write(summaryWords(gradients.length, 1));
    for (const { chunks, words } of sides) chunks.write(words.map((word, index) => (index % CHUNK.words === CHUNK.rateFactor ? 0 : word)));
    gpu.submit([program]);
    expect(await states(), "frozen parameters").toEqual(before);
    program.dispose();
  }

  const types = [...new Set(optimizerCases.map(({ optimizer }) => optimizer.type))];
  it.each(types)("follow the answers, and leave all as it was where the step is skipped or a parameter frozen: %s", async (type) =>
    run(optimizerCases.filter(({ optimizer }) => optimizer.type === type)),
  );
});

describe("a larger arena", () => {
  const sizes = [1, 10, 64, 5000, 33];
  const large = layOutArena(sizes.map((size, index) => ({ name: `p${index}`, role: index % 2 === 0 ? "weight" : "bias", shape: [size] })));
  // Each parameter has factors of its own; the third is frozen.
  const chunks = Uint32Array.from(large.chunks);
  for (let chunk = 0; chunk < chunks.length; chunk += CHUNK.words) {
    const segment = chunks[chunk + CHUNK.segment]!;
    chunks.set([bitsOf([1, 0.5, 0, 2, 1][segment]!), bitsOf(segment % 2)], chunk + CHUNK.rateFactor);
  }
  const noise = spread(3 * large.size, 23);
  const fill = (copies: number, value: (index: number) => number): KernelInput => {
    const data = new Float32Array(copies * large.size);
    for (let copy = 0; copy < copies; copy++)
      for (const { offset, size } of large.segments)
        for (let index = 0; index < size; index++) data[copy * large.size + offset + index] = value(copy * large.size + offset + index);
    return f32([data.length], data);
  };
  const weights = fill(1, (index) => noise[index]!);
  // Of one sign, so that no sum cancels: Lion's sign is then the same in any precision.
  const slopes = fill(1, (index) => 0.125 + Math.abs(noise[index + 1]!) * 2);

  const common = { regularizer: true, clip: "scale" } as const;
  interface Variant<A extends UpdateAttributes = never> {
    readonly op: Op<A>;
    readonly attributes: Omit<A, keyof UpdateAttributes>;
    readonly kept: number;
    readonly table?: Float32Array;
  }
  const variant = <A extends UpdateAttributes>(of: Variant<A>): Variant => of as unknown as Variant;
  const betas = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, decoupled: true };
  const variants = [
    variant({ op: updateRmspropOp, attributes: { alpha: 0.9, epsilon: 1e-8, momentum: 0, centered: false, decoupled: false }, kept: 1 }),
    variant({ op: updateRmspropOp, attributes: { alpha: 0.9, epsilon: 1e-2, momentum: 0.5, centered: true, decoupled: true }, kept: 3 }),
    variant({ op: updateAdagradOp, attributes: { learningRateDecay: 0.25, epsilon: 1e-10, decoupled: true }, kept: 1 }),
    variant({ op: updateNadamOp, attributes: { ...betas, momentumDecay: 0.004 }, kept: 2, table: nadamTable(0.9, 0.99, 0.004) }),
    variant({ op: updateRadamOp, attributes: betas, kept: 2, table: radamTable(0.9, 0.99) }),
    variant({ op: updateLionOp, attributes: { beta1: 0.9, beta2: 0.99 }, kept: 1 }),
  ];

  it.each(variants.map((one) => ({ ...one, name: `${one.op.name} ${JSON.stringify(one.attributes)}` })))(
    "equals the reference for either adapter, at the first update and at the 20,000,000th: $name",
    async ({ op, attributes, kept, table }) => {
      const moments = fill(kept, (index) => (Math.floor(index / large.size) === kept - 1 && kept > 1 ? 1 + Math.abs(noise[index]!) : 0.25));
      for (const target of [software, hardware])
        for (const applied of [0, 20_000_000]) {
          const inputs = [
            slopes,
            u32(chunks),
            u32(summaryWords(applied, 0.125)),
            u32(stepWords(0.25, { l2: 0.0625, l1: 0.03125 })),
            ...(table ? [f32([table.length], table)] : []),
            weights,
            moments,
          ];
          const actual = await runKernel(op, inputs, { ...(attributes as object), ...common } as never, target);
          const truth = referenceOf(op, inputs, { ...(attributes as object), ...common } as never);
          for (const [state, { data }] of truth.entries())
            for (const [index, value] of data.entries())
              if (!(Math.abs(actual[state]!.data[index]! - value) <= 32 * 2 ** -24 * Math.max(1, Math.abs(value))))
                expect.fail(`state ${state} element ${index}: ${actual[state]!.data[index]} for ${value}`);
          const frozen = large.segments[2]!;
          for (let index = frozen.offset; index < frozen.offset + frozen.size; index++)
            expect(actual[0]!.data[index]).toBe(weights.data[index]);
        }
    },
  );
});

describe("terms that other tests hide", () => {
  const small = layOutArena([3, 34].map((size, index) => ({ name: `p${index}`, role: "weight", shape: [size] })));
  const noise = spread(3 * small.size, 29);
  const chunks = u32(small.chunks);
  const weights = f32([small.size], noise.slice(0, small.size));
  const common = { regularizer: true, clip: "scale" } as const;

  async function compare<A extends UpdateAttributes>(
    op: Op<A>,
    attributes: A,
    given: { readonly slopes: KernelInput; readonly moments: KernelInput; readonly applied: number; readonly table?: Float32Array },
  ): Promise<void> {
    const { slopes, moments, applied, table } = given;
    const inputs = [
      slopes,
      chunks,
      u32(summaryWords(applied, 0.5)),
      u32(stepWords(0.75)),
      ...(table ? [f32([table.length], table)] : []),
      weights,
      moments,
    ];
    const actual = await runKernel(op, inputs, attributes);
    const truth = referenceOf(op, inputs, attributes);
    for (const [state, { data }] of truth.entries())
      for (const { offset, size } of small.segments)
        for (let index = offset; index < offset + size; index++) {
          const got = actual[state]!.data[index]!;
          const value = data[index]!;
          if (!(Math.abs(got - value) <= 32 * 2 ** -24 * Math.max(1, Math.abs(value))))
            expect.fail(`${op.name}, ${applied} updates before, state ${state} element ${index}: ${got} for ${value}`);
        }
  }

  // An epsilon as large as the roots, a decay of the rate and of the momentum that one update shows, and weight decay of either kind.
  it.each([false, true])("show in few updates, decoupled %s", async (decoupled) => {
    const slopes = f32([small.size], noise.slice(small.size, 2 * small.size));
    const moments = (kept: number): KernelInput =>
      f32(
        [kept * small.size],
        Array.from({ length: kept * small.size }, (_, index) => 0.25 + Math.abs(noise[index % noise.length]!) / 2),
      );
    const betas = { beta1: 0.75, beta2: 0.875, epsilon: 0.5, decoupled, ...common };
    for (const applied of [0, 1, 9]) {
      await compare(
        updateAdagradOp,
        { learningRateDecay: 0.25, epsilon: 0.5, decoupled, ...common },
        { slopes, moments: moments(1), applied },
      );
      // Cut short, so that what lies behind its end is not what it ends with.
      const nadam = nadamTable(0.75, 0.875, 1).slice(0, 3 * 4);
      await compare(updateNadamOp, { ...betas, momentumDecay: 1 }, { slopes, moments: moments(2), applied, table: nadam });
      await compare(updateRadamOp, betas, { slopes, moments: moments(2), applied, table: radamTable(0.75, 0.875).slice(0, 2 * 4) });
      const rmsprop = { alpha: 0.75, epsilon: 0.5, momentum: 0, centered: false, decoupled, ...common };
      await compare(updateRmspropOp, rmsprop, { slopes, moments: moments(1), applied });
    }
  });

  it("show in Lion's sign: neither operand decides it alone, and every factor turns it somewhere", async () => {
    // With 0.9·m + 0.1·g: g beside m turns the sign at −9.
    const ratios = [2, -2, -8.5, -9.5, 9.5, -30];
    const m = Array.from({ length: small.size }, (_, index) => (index % 2 === 0 ? 0.5 : -0.5));
    const slopes = f32(
      [small.size],
      m.map((value, index) => value * ratios[(index >> 1) % ratios.length]!),
    );
    await compare(updateLionOp, { beta1: 0.9, beta2: 0.75, ...common }, { slopes, moments: f32([small.size], m), applied: 1 });
  });
});
