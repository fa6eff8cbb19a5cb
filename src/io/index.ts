/** Files of tensors. */
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type TensorToStore } from "./safetensors.ts";
export { storedArray, type StoredArray, type StoredTensor, type StoredType, toFloat32, toInt32 } from "./storedTypes.ts";
