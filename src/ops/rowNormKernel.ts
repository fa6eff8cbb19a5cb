/** How row norms are dispatched: the forward pass once; the gradients once, with one call before where the batch is long. */
import type { Binding, Define, KernelCall, KernelPlan, Target } from "../graph/op.ts";
import { lanesFor, workgroupSize } from "./lanes.ts";

export interface RowNormAttributes {
  /** Lines that a row is cut into, each normalised by itself. */
  readonly groups: number;
  /** Whether a line's mean is taken out. */
  readonly centered: boolean;
  /** 0 only where lines may be of any size: a line of zeros then stays one. */
  readonly epsilon: number;
  /** What there is a gamma for: each feature, or each line, times the root of its length: gamma is then the line's norm. */
  readonly scale: "none" | "features" | "lines";
  /** Whether each feature has a beta too. */
  readonly shift: boolean;
}

/** Rows past which their sums are taken in blocks: fewer invocations share a column where the adapter is software. */
const MOST_WHOLE = { software: 1024, hardware: 4096 } as const satisfies Record<Target["adapterClass"], number>;
/** Blocks of a long batch have a quarter of that. */
const BLOCKS_AT_LEAST = 4;
/** Bytes of a row that a workgroup which adds up columns reads side by side. */
const COLUMN_BYTES = 64;

interface Geometry {
  readonly rows: number;
  readonly lines: number;
  readonly length: number;
  readonly width: 1 | 4;
  /** Of F in a line. */
  readonly columns: number;
  readonly size: number;
  readonly lanes: number;
  readonly lineGroups: number;
}

function geometryOf(shape: readonly number[], groups: number, target: Target): Geometry {
  const [rows, features] = shape as [number, number];
  const length = features / groups;
  const width = length % 4 === 0 ? 4 : 1;
  const columns = length / width;
  const lines = rows * groups;
  const size = workgroupSize(target);
  const lanes = lanesFor(columns, lines, size);
  return { rows, lines, length, width, columns, size, lanes, lineGroups: Math.ceil((lines * lanes) / size) };
}

const flagsOf = ({ centered, scale, shift }: RowNormAttributes): Record<string, Define> => ({
  CENTERED: centered,
  FEATURE_SCALE: scale === "features",
  LINE_SCALE: scale === "lines",
  SHIFT: shift,
});

/** Only where there is a gamma for each line: W = g · v / ‖v‖, and the mean square is ‖v‖² / length. */
const gammaFactor = ({ scale }: RowNormAttributes, length: number): Record<string, number> =>
  scale === "lines" ? { GAMMA_FACTOR: 1 / Math.sqrt(length) } : {};

/** The float32 exponent of a scale by which `epsilon` becomes 1: squares that vanish at that scale do not count beside it. */
export const leastExponent = (epsilon: number): number =>
  epsilon === 0 ? 1 : Math.min(Math.max(127 + Math.round(Math.log2(epsilon) / 2), 1), 253);

export function forwardPlan(shape: readonly number[], attributes: RowNormAttributes, target: Target): KernelPlan {
  const { groups, epsilon, scale, shift } = attributes;
  const { lines, length, width, columns, size, lanes, lineGroups } = geometryOf(shape, groups, target);
  if (lines * length === 0) return { calls: [] };
  const bindings: Binding[] = [{ input: 0 }, { output: 1 }];
  if (scale !== "none") bindings.push({ input: 1 });
  if (shift) bindings.push({ input: 2 });
  const call: KernelCall = {
    shader: "row_norm",
    defines: { ...flagsOf(attributes), SIZE: size, WIDTH: width, VECTOR: width === 4 },
    overrides: {
      LINES: lines,
      COLUMNS: columns,
      GROUPS: groups,
      LANES: lanes,
      EPSILON: epsilon,
      LEAST_EXPONENT: leastExponent(epsilon),
      ...gammaFactor(attributes, length),
    },
    workgroups: lineGroups,
    bindings,
    epilogue: { width },
  };
  return { calls: [call] };
}

export function gradientPlan(shape: readonly number[], attributes: RowNormAttributes, target: Target): KernelPlan {
  const { groups, centered, scale, shift } = attributes;
  const { rows, lines, length, width, columns, size, lanes, lineGroups } = geometryOf(shape, groups, target);
  if (length === 0) return { calls: [] };
  const features = scale === "features";
  const rowColumns = columns * groups;
  let columnLanes = Math.min(COLUMN_BYTES / (4 * width), size);
  while (columnLanes / 2 >= rowColumns) columnLanes /= 2;
  const columnGroups = features ? Math.ceil(rowColumns / columnLanes) : 0;
  const most = MOST_WHOLE[target.adapterClass];
  const split = features && rows > most;
  const block = split ? most / BLOCKS_AT_LEAST : Math.max(rows, 1);
  const blocks = Math.ceil(rows / block);
  const inputs: Binding[] = [{ input: 0 }, { input: 1 }, { input: 2 }];
  const bindings = [...inputs];
  if (scale !== "none") bindings.push({ input: 3 }, { output: 1 });
  if (shift) bindings.push({ output: 2 });
  const overrides = { LINES: lines, COLUMNS: columns, GROUPS: groups, ROWS: rows, BLOCK: block };
  const last: KernelCall = {
    shader: "row_norm_gradient",
    defines: {
      ...flagsOf(attributes),
      SIZE: size,
      COLUMN_LANES: columnLanes,
      WIDTH: width,
      VECTOR: width === 4,
      SPLIT: split,
      PARTIALS_BINDING: bindings.length,
    },
    overrides: { ...overrides, LANES: lanes, LINE_GROUPS: lineGroups, ...gammaFactor(attributes, length) },
    workgroups: lineGroups + columnGroups,
    bindings: split ? [...bindings, { temporary: 0, access: "read" }] : bindings,
    epilogue: { width },
  };
  if (!split) return { calls: [last] };
  const first: KernelCall = {
    shader: "row_norm_gradient_partials",
    defines: { CENTERED: centered, SIZE: size, COLUMN_LANES: columnLanes, ALIASES: `alias F = ${width === 4 ? "vec4f" : "f32"};` },
    overrides,
    workgroups: columnGroups * blocks,
    bindings: [...inputs, { temporary: 0 }],
  };
  return { calls: [first, last], temporaries: [2 * blocks * rowColumns * width] };
}
