// The demo's coordinator: asks the planner what to do next, finds workers by capability, hands
// out jobs, and checks every result. Arguments: milliseconds between jobs, folder of input files.

import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { connect } from "../../client/index.ts";
import { isCorrect, JobKind, titleOf } from "../jobs.ts";
import type { Job } from "../jobs.ts";

const MAX_OPEN_JOBS = 12;
const JOB_TIMEOUT = "10m";

const intervalMs = Number(process.argv[2]);
const folder = process.argv[3] ?? ".";
const files = (await readdir(folder)).toSorted().map((name) => join(folder, name));
const phone = await connect({ kind: "coordinator", capabilities: ["coordinate"] });

const counts = { assigned: 0, correct: 0, wrong: 0, failed: 0 };
const open = new Set<Promise<void>>();
let round = 0;
let accepting = true;

const timer = setInterval(() => {
  if (!accepting || open.size >= MAX_OPEN_JOBS) return;
  const run = assign(nextJob(round++)).finally(() => open.delete(run));
  open.add(run);
}, intervalMs);

phone.on("demo.progress", () => ({ ...counts, open: open.size }));

phone.on("demo.finish", async () => {
  accepting = false;
  clearInterval(timer);
  await Promise.all(open);
  return counts;
});

/** Asks the planner for the next plan; `contested` is the cue that leads into a deadlock. */
phone.on<{ contested: boolean }>("demo.plan", (message) =>
  phone.request("planner", "coordination", message.payload, { timeout: "2m" }),
);

function nextJob(number: number): Job {
  const pick = (offset: number): string => files[(number + offset) % files.length] ?? "";
  if (number % 3 === 0) return { kind: JobKind.Hash, files: [pick(0), pick(1), pick(2)] };
  if (number % 3 === 1) return { kind: JobKind.Count, file: pick(0) };
  const numbers = Array.from({ length: 2000 }, () => Math.floor(Math.random() * 1_000_000));
  return { kind: JobKind.Sort, numbers };
}

async function assign(job: Job): Promise<void> {
  counts.assigned += 1;
  try {
    const workers = await phone.find(job.kind);
    // The least loaded comes first; taking turns keeps every worker in the picture.
    const worker = workers[counts.assigned % Math.max(1, workers.length)];
    if (worker === undefined) throw new Error(`no worker can ${job.kind}`);
    const answer = await phone.request(worker.id, "task_assignment", job, {
      timeout: JOB_TIMEOUT,
      task: titleOf(job),
    });
    if (await isCorrect(job, answer.payload)) counts.correct += 1;
    else counts.wrong += 1;
  } catch (error) {
    counts.failed += 1;
    console.error(`${titleOf(job)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

await phone.run({ drain: "1s" });
clearInterval(timer);
