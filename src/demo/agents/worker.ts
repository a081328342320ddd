// A worker of the demo: does jobs at a pace a person can watch, measures each, and answers.
// Arguments: the pace in milliseconds a job.

import { setTimeout as sleep } from "node:timers/promises";

import { connect } from "../../client/index.ts";
import { JobKind, perform } from "../jobs.ts";
import type { Job } from "../jobs.ts";
import { PRICE_PER_JOB_USD } from "../tariff.ts";

const paceMs = Number(process.argv[2]);
const phone = await connect({ kind: "worker", capabilities: Object.values(JobKind) });
let wedged = false;

phone.on<Job>("task_assignment", async (message) => {
  const startMs = performance.now();
  // What a hung tool call looks like: the process lives and heartbeats, the work never ends.
  if (wedged) await new Promise(() => undefined);
  await sleep(paceMs * (0.5 + Math.random()));
  const result = await perform(message.payload);
  phone.record("response_time", (performance.now() - startMs) / 1000, {
    job: message.payload.kind,
  });
  phone.record("cost_usd", PRICE_PER_JOB_USD);
  return result;
});

phone.on("demo.wedge", () => {
  wedged = true;
});

await phone.run({ drain: "1s" });
