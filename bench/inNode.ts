/** Runs a job on Dawn in this process: for servers that have a GPU and no browser. */
import { FathomError } from "../src/core/errors.ts";
import type { BenchArguments } from "./arguments.ts";
import { DAWN_ADVICE, loadDawn } from "./dawn.ts";
import { Collector } from "./document.ts";
import { checkJoin } from "./join.ts";
import { machineAround } from "./machine.ts";
import type { Outcome } from "./outcome.ts";
import { runSession } from "./session.ts";

export async function runInNode(given: BenchArguments, commit: string, signal: AbortSignal): Promise<Outcome> {
  const { job, dawn: file, again } = given;
  const { gpu, name } = await loadDawn(file);
  if (!(await gpu.requestAdapter())) throw new FathomError("no-adapter", `this machine offers no GPU adapter: ${DAWN_ADVICE}`);
  const around = machineAround("node", name, commit);
  checkJoin(given, around);
  const collector = new Collector(job);
  let failure: unknown = null;
  await runSession(job, { gpu, userAgent: `Node ${process.version}`, signal }, (event) => {
    collector.take(event);
    // What it throws ends the session before its first suite.
    if (event.type === "opened") checkJoin(given, event.environment);
    if (event.type === "line") console.log(`${event.suite}: ${event.text}`);
    if (event.type === "failed") failure = asError(event.error);
  });
  return { document: collector.document(again, around), failure };
}

function asError({ code, message }: { readonly code: string | null; readonly message: string }): Error {
  return code === null ? new Error(message) : new FathomError(code as FathomError["code"], message);
}
