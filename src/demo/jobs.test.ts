import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

import { isCorrect, JobKind, perform, titleOf } from "./jobs.ts";
import type { Job } from "./jobs.ts";

async function textFile(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cellphone-jobs-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "words.txt");
  await writeFile(path, text);
  return path;
}

test("perform() hashes as sha256sum does", async (t) => {
  const path = await textFile(t, "one two two\n");
  const { stdout } = await promisify(execFile)("sha256sum", [path]);
  const [digest] = await perform({ kind: JobKind.Hash, files: [path] });
  assert.equal(digest, stdout.split(" ")[0]);
});

test("perform() counts words, most frequent first, equal ones in alphabetical order", async (t) => {
  const file = await textFile(t, "b a c\n a  b b");
  assert.deepEqual(await perform({ kind: JobKind.Count, file }), [
    ["b", 3],
    ["a", 2],
    ["c", 1],
  ]);
});

test("isCorrect() tells a right result from a wrong one", async () => {
  const job: Job = { kind: JobKind.Sort, numbers: [10, 9, 100] };
  assert.equal(await isCorrect(job, [9, 10, 100]), true);
  assert.equal(await isCorrect(job, [10, 100, 9]), false);
  assert.equal(titleOf(job), "sort 3 numbers");
});
