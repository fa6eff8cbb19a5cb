/** A data set in a safetensors file: `x` f32[N, …], and `y`, classes as whole numbers [N] or f32 targets [N, …]. */
import { FathomError } from "../core/errors.ts";
import { checkDataset, type Dataset } from "../data/dataset.ts";
import { type SafetensorsFile, type StoredTensor, toFloat32, toInt32 } from "../io/index.ts";

export function datasetFromTensors({ tensors }: SafetensorsFile, fileName: string): Dataset {
  const refuse = (why: string): FathomError => new FathomError("file-format", `${fileName}: ${why}`);
  const named = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (!tensor)
      throw refuse(
        `has no tensor "${name}"; a data set has "x" and "y". It holds ${[...tensors.keys()].slice(0, 10).join(", ") || "nothing"}`,
      );
    return tensor;
  };
  const x = named("x");
  const y = named("y");
  const [count, ...sampleShape] = x.shape;
  if (count === undefined || sampleShape.length === 0)
    throw refuse(`"x" is [${x.shape.join(",")}]; its first axis counts samples, and it needs another`);
  if (y.shape[0] !== count) throw refuse(`"y" is [${y.shape.join(",")}] and "x" is [${x.shape.join(",")}]; their first axes must be equal`);
  const whole = /^[IU]\d/.test(y.dtype);
  if (whole && y.shape.length !== 1)
    throw refuse(`"y" holds whole numbers, so it is classes, and is [${y.shape.join(",")}]; use [${count}]`);
  const targets = whole ? toInt32(y) : toFloat32(y);
  const classes = targets instanceof Int32Array ? targets.reduce((most, label) => Math.max(most, label), 0) + 1 : null;
  const split = { count, x: toFloat32(x), xScale: 1, y: targets, yShape: whole ? [] : y.shape.slice(1) };
  const dataset: Dataset = { name: fileName, sampleShape, classes, train: split, test: null };
  checkDataset(fileName, dataset);
  return dataset;
}
