/** The page that measures for the command that opened it. */
import { interruptSignal } from "../../src/cli/page/interrupt.ts";
import { fetchBytes, Post } from "../../src/cli/page/post.ts";
import type { BenchEvent, BenchJob } from "../job.ts";
import { runSession } from "../session.ts";

const post = new Post<BenchEvent>();
const job = JSON.parse(new TextDecoder().decode(await fetchBytes("data/job.json"))) as BenchJob;
const { gpu, userAgent } = navigator;
await runSession(job, { gpu, userAgent, signal: interruptSignal() }, (event) => post.tell(event));
await post.flush();
