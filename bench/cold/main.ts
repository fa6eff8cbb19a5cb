/** The page of a browser that was started for it: starts one library, tells how long that took, and is closed. */
import { fetchBytes, Post } from "../../src/cli/page/post.ts";
import { errorFacts } from "../../src/cli/wire.ts";
import { peersOf } from "../peers/index.ts";
import { coldStart } from "./coldStart.ts";
import type { ColdEvent, ColdJob } from "./job.ts";

const post = new Post<ColdEvent>();
const { name, size } = JSON.parse(new TextDecoder().decode(await fetchBytes("data/job.json"))) as ColdJob;
// As its users open it.
const peerOf = peersOf(async () => (await import("../../src/index.ts")).open());
try {
  post.tell({ type: "started", start: await coldStart(() => peerOf(name), size) });
  post.tell({ type: "done" });
} catch (error) {
  post.tell({ type: "failed", error: errorFacts(error) });
}
await post.flush();
