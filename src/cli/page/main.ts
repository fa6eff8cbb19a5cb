/** The page that trains: fetches its job, runs it, and tells the command what happens. */
import { errorFacts, type Job, type PageEvent } from "../wire.ts";
import { interruptSignal } from "./interrupt.ts";
import { openInPage } from "./open.ts";
import { fetchBytes, Post } from "./post.ts";
import { timeSteps } from "./timing.ts";
import { trainNet } from "./train.ts";

const post = new Post<PageEvent>();

async function work(): Promise<void> {
  const job = JSON.parse(new TextDecoder().decode(await fetchBytes("data/job.json"))) as Job;
  const { gpu, environment } = await openInPage();
  post.tell({ type: "opened", environment });
  const interrupted = interruptSignal();
  for (const net of job.nets) if (!interrupted.aborted) await trainNet(gpu, net, post, interrupted);
  if (job.timing && !interrupted.aborted) await timeSteps(gpu, job.nets, job.timing, post);
  gpu.dispose();
}

try {
  await work();
  post.tell({ type: "done" });
} catch (error) {
  post.tell({ type: "failed", error: errorFacts(error) });
}
await post.flush();
