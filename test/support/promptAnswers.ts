/**
 * Firefox looks only every 100 ms whether the GPU is done, and whenever something is submitted. So while a test waits for the GPU, nothing is
 * submitted, every few milliseconds: what would resolve resolves the same way, only sooner. Most of the suite's time there was such waiting.
 */

const MILLISECONDS = 2;
const { submit } = GPUQueue.prototype;
const { mapAsync } = GPUBuffer.prototype;
const { onSubmittedWorkDone } = GPUQueue.prototype;

/** Makes the devices' answers prompt; `devices` is asked for those that live. */
export function answerPromptly(devices: () => Iterable<GPUDevice>): void {
  if (!navigator.userAgent.includes("Firefox")) return;
  let waiting = 0;
  let timer = 0;
  // Taken before any test counts the calls: these are not the engine's.
  const look = (): void => {
    for (const { queue } of devices()) submit.call(queue, []);
  };
  const hurry = <T>(answer: Promise<T>): Promise<T> => {
    if (waiting++ === 0) timer = window.setInterval(look, MILLISECONDS);
    const stop = (): void => {
      if (--waiting === 0) window.clearInterval(timer);
    };
    answer.then(stop, stop);
    return answer;
  };
  GPUBuffer.prototype.mapAsync = function (this: GPUBuffer, ...range: Parameters<typeof mapAsync>) {
    return hurry(mapAsync.apply(this, range));
  };
  GPUQueue.prototype.onSubmittedWorkDone = function (this: GPUQueue) {
    return hurry(onSubmittedWorkDone.call(this));
  };
}
