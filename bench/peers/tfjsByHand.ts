/**
 * The gradients of the tanh net written out in TensorFlow.js's ops. On WASM its matrix product is XNNPACK's where no operand is transposed and a
 * plain loop where one is, which is what its own gradients ask for; transposing first makes the whole step two to three times as fast.
 */
import type * as Core from "@tensorflow/tfjs-core";
import type { LossAndGradients, Matrix, Tf } from "./tfjs.ts";

export function tfjsLossByHand(tf: Tf): LossAndGradients {
  return (layers, x, y) => {
    const batch = x.shape[0];
    const last = layers.length - 1;
    const inputs: Matrix[] = [];
    let h = x;
    for (const [index, { weight, bias }] of layers.entries()) {
      inputs.push(h);
      const z = tf.fused.matMul({ a: h, b: weight as Core.Tensor as Matrix, bias });
      h = (index < last ? tf.tanh(z) : z) as Matrix;
    }
    const logProbability = tf.logSoftmax(h);
    const loss = tf.mul(tf.sum(tf.mul(logProbability, y)), -1 / batch);
    const gradients: Core.Tensor[] = [];
    let dz = tf.mul(tf.sub(tf.exp(logProbability), y), 1 / batch) as Matrix;
    for (let index = last; index >= 0; index--) {
      const input = inputs[index]!;
      gradients.push(tf.sum(dz, 0), tf.matMul(tf.transpose(input), dz));
      if (index === 0) break;
      const dx = tf.matMul(dz, tf.transpose(layers[index]!.weight as Core.Tensor as Matrix));
      // dz = dx · (1 − tanh²)
      dz = tf.sub(dx, tf.mul(dx, tf.square(input))) as Matrix;
    }
    return [loss, gradients.reverse()];
  };
}
