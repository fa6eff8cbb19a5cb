/** The page that measures: runs the suites of its job, one after another, each on an engine of its own. */
import { fetchBytes, Post } from "../../src/cli/page/post.ts";
import { errorFacts } from "../../src/cli/wire.ts";
import { open } from "../../src/index.ts";
import type { BenchEvent, BenchJob } from "../job.ts";
import { SUITES, type SuiteName } from "../suites/index.ts";

/** Firefox looks for finished work every 100 ms only: a sample must be long for that to be little. */
const FIREFOX_LENGTHENING = 4;

const post = new Post<BenchEvent>();

async function work(): Promise<void> {
  const { suites, effort, sampleMilliseconds } = JSON.parse(new TextDecoder().decode(await fetchBytes("data/job.json"))) as BenchJob;
  const lengthened = sampleMilliseconds * (navigator.userAgent.includes("Firefox") ? FIREFOX_LENGTHENING : 1);
  for (const name of suites) {
    const suite = SUITES[name as SuiteName];
    const gpu = await open();
    post.tell({
      type: "opened",
      environment: { adapter: gpu.adapter.description, adapterClass: gpu.adapter.class, userAgent: navigator.userAgent },
    });
    const entries = await suite.run({
      gpu,
      effort,
      sampleMilliseconds: lengthened,
      tell: (text) => post.tell({ type: "line", text: `${name}: ${text}` }),
    });
    const method = `${suite.about}; mirrored rounds after ${effort.warmUps} warm-ups, at most ${effort.rounds} samples of about ${lengthened} ms or one run each`;
    post.tell({ type: "suite", result: { name, method, entries } });
    gpu.dispose();
  }
}

try {
  await work();
  post.tell({ type: "done" });
} catch (error) {
  post.tell({ type: "failed", error: errorFacts(error) });
}
await post.flush();
