/** Files of tensors. */
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type TensorToStore } from "./safetensors.ts";
export { type StoredArray, type StoredTensor, type StoredType, storedArray, toFloat32, toInt32 } from "./storedTypes.ts";
