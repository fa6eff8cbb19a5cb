/** Every op that is another look at memory, by one name. */
export { broadcastTo, broadcastToOp } from "./broadcast.ts";
export {
  alias,
  aliasOp,
  copy,
  copyOp,
  detach,
  detachOp,
  reshape,
  reshapeOp,
  squeeze,
  transpose,
  transposeOp,
  unsqueeze,
} from "./layout.ts";
export { slice, sliceOp } from "./slice.ts";
