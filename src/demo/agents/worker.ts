// A worker of the demo: does jobs at a pace a person can watch, asks the fleet's services for
// help through the gateway, measures each job, and answers. Arguments: the pace in milliseconds.

import { setTimeout as sleep } from "node:timers/promises";

import { connect } from "../../client/index.ts";
import { lookUp, note, readInput, think } from "../errands.ts";
import { JobKind, perform } from "../jobs.ts";
import type { Job } from "../jobs.ts";

const paceMs = Number(process.argv[2]);
const phone = await connect({ kind: "worker", capabilities: Object.values(JobKind) });
let wedged = false;

phone.on<Job>("task_assignment", async ({ payload: job }) => {
  // What a hung tool call looks like: the process lives and heartbeats, the work never ends.
  if (wedged) await new Promise(() => undefined);
  await think(phone, job.kind);
  await lookUp(phone, job.kind === JobKind.Sort ? "series" : "sketch");
  await sleep(paceMs * (0.3 + Math.random() * 0.6));
  const result = await workOut(job);
  await note(phone);
  return result;
});

function workOut(job: Job) {
  return phone.span(job.kind, { kind: "code" }, () =>
    perform(job, (path) => readInput(phone, path)),
  );
}

phone.on("demo.wedge", () => {
  wedged = true;
});

await phone.run({ drain: "1s" });
