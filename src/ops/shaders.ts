/** The hand-written shaders by name, each with the library text that it stands on. */
import elementwise from "../../shaders/elementwise.wgsl?raw";
import grid from "../../shaders/lib/grid.wgsl?raw";
import matmulRegister from "../../shaders/matmul_register.wgsl?raw";
import reduce from "../../shaders/reduce.wgsl?raw";

export const SHADERS: Readonly<Record<string, string>> = {
  elementwise: grid + elementwise,
  matmul_register: grid + matmulRegister,
  reduce: grid + reduce,
};
