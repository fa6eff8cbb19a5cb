/** A kernel's final WGSL. */
import type { PlanKernel } from "../plan/types.ts";
import { specialize } from "./specialize.ts";

export function sourceOf({ name, template, defines, sizes }: Pick<PlanKernel, "name" | "template" | "defines" | "sizes">): string {
  const source = specialize(name, template, defines);
  return sizes ? withLengths(source, sizes) : source;
}

const DECLARATION = /(@binding\((\d+)\) var<storage\b[^>]*> \w+: array<)([\w<>]+?)>;/g;
/** Bytes past which an array's length is left open: WGSL has no types of 4 GiB, and what is that large is refused where its buffer is made. */
const MOST_BYTES = 2 ** 31;
const ELEMENT = /^(?:[fiu]32|atomic<[iu]32>|vec([24])[fiu])$/;

/** What an alias of the text stands for; any other type itself. */
export const typeIn = (source: string, type: string): string => new RegExp(`^alias ${type} = (\\w+);`, "m").exec(source)?.[1] ?? type;

/**
 * Gives the array of each storage binding the length that `sizes`, in bytes and by binding, has room for. What holds every index within an array
 * of unknown length asks for its length at each access, which on a processor costs a division; a known length costs a comparison.
 * Types that are neither scalars nor vectors of two or four stay as they are.
 */
export function withLengths(source: string, sizes: readonly number[]): string {
  return source.replace(DECLARATION, (whole, before: string, binding: string, type: string) => {
    const element = ELEMENT.exec(typeIn(source, type));
    const size = sizes[Number(binding)]!;
    const length = element ? Math.floor(size / (4 * Number(element[1] ?? 1))) : 0;
    return length > 0 && size <= MOST_BYTES ? `${before}${type}, ${length}>;` : whole;
  });
}
