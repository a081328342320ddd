// The work that the demo's agents hand each other: real files, real sums. A worker in any
// language must come to the same results, and the coordinator checks every one of them.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** Kinds of jobs; each is a capability that workers register. */
export const JobKind = { Hash: "hash-files", Sort: "sort", Count: "count-words" } as const;
export type JobKind = (typeof JobKind)[keyof typeof JobKind];

/** One job, as sent in a task_assignment's payload. */
export type Job =
  | { readonly kind: typeof JobKind.Hash; readonly files: readonly string[] }
  | { readonly kind: typeof JobKind.Sort; readonly numbers: readonly number[] }
  | { readonly kind: typeof JobKind.Count; readonly file: string };

/** What comes back: SHA-256 digests, sorted numbers, or the ten most frequent words. */
export type JobResult = readonly string[] | readonly number[] | readonly WordCount[];

/** A word and how often it occurs. */
export type WordCount = readonly [word: string, count: number];

/**
 * Does a job.
 * @param read how to come by a file's bytes. @default from the disk
 * @throws when a file cannot be read.
 */
export async function perform(
  job: Job,
  read: (path: string) => Promise<Uint8Array> = (path) => readFile(path),
): Promise<JobResult> {
  switch (job.kind) {
    case JobKind.Hash:
      return Promise.all(job.files.map(async (path) => digestOf(await read(path))));
    case JobKind.Sort:
      return job.numbers.toSorted((a, b) => a - b);
    case JobKind.Count:
      return countWords(new TextDecoder().decode(await read(job.file)));
  }
}

/** A line for people: "hash 3 files". */
export function titleOf(job: Job): string {
  switch (job.kind) {
    case JobKind.Hash:
      return `hash ${job.files.length} files`;
    case JobKind.Sort:
      return `sort ${job.numbers.length} numbers`;
    case JobKind.Count:
      return `count words of ${job.file.slice(job.file.lastIndexOf("/") + 1)}`;
  }
}

/** True when `result` is what {@link perform} gives for the job. */
export async function isCorrect(job: Job, result: unknown): Promise<boolean> {
  return JSON.stringify(await perform(job)) === JSON.stringify(result);
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function countWords(text: string): readonly WordCount[] {
  const counts = new Map<string, number>();
  for (const word of text.split(/\s+/u)) {
    if (word !== "") counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, 10);
}
