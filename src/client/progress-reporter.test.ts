import assert from "node:assert/strict";
import { test } from "node:test";

import { ProgressReporter } from "./progress-reporter.ts";
import type { ProgressUpdate } from "./progress-reporter.ts";

test("ProgressReporter sends the first report at once and the newest at the end", async () => {
  const sent: ProgressUpdate[] = [];
  const reporter = new ProgressReporter(async (update) => sent.push(update));
  reporter.report(0.1, "begun");
  for (let step = 2; step < 10; step++) reporter.report(step / 10, undefined);
  reporter.report(undefined, "nearly");
  await reporter.stop();
  assert.deepEqual(sent, [
    { progress: 0.1, note: "begun" },
    { progress: 0.9, note: "nearly" },
  ]);
  reporter.report(1, undefined);
  await reporter.stop();
  assert.equal(sent.length, 2);
});

test("ProgressReporter.report() refuses what is not between 0 and 1", () => {
  const reporter = new ProgressReporter(() => Promise.resolve());
  for (const wrong of [-0.1, 1.1, Number.NaN]) {
    assert.throws(() => reporter.report(wrong, undefined), RangeError);
  }
});

test("ProgressReporter goes on after a report that could not be sent", async () => {
  let tries = 0;
  const reporter = new ProgressReporter(() => Promise.reject(new Error(`try ${++tries}`)));
  reporter.report(0.5, undefined);
  reporter.report(0.6, undefined);
  await reporter.stop();
  assert.equal(tries, 2);
});
