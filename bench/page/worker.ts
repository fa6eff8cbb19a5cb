/** The worker that measures, so that drawing and scrolling do not disturb it. It alone loads suites and what they compare with. */
import { runSession } from "../session.ts";
import { SUITE_NAMES, SUITES } from "../suites/index.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

const tell = (message: FromWorker): void => postMessage(message);
let controller = new AbortController();

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "stop") {
    controller.abort();
    return;
  }
  controller = new AbortController();
  const { signal } = controller;
  void runSession(data.job, { gpu: navigator.gpu as GPU | undefined, userAgent: navigator.userAgent, signal }, tell);
});

tell({ type: "suites", suites: SUITE_NAMES.map((name) => ({ name, about: SUITES[name].about })) });
