/** The page that measures for the command that opened it. */
import { fetchBytes, Post } from "../../src/cli/page/post.ts";
import type { BenchEvent, BenchJob } from "../job.ts";
import { runSession } from "../session.ts";

const post = new Post<BenchEvent>();
const job = JSON.parse(new TextDecoder().decode(await fetchBytes("data/job.json"))) as BenchJob;
await runSession(job, { gpu: navigator.gpu, userAgent: navigator.userAgent, isBrowser: true }, (event) => post.tell(event));
await post.flush();
