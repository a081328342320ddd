import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { ManualClock } from "../core/index.ts";
import { inlineConversion } from "../profiler/index.ts";
import { ProfileConversionThread } from "./profile-conversion-thread.ts";

const CPU = Buffer.from(
  JSON.stringify({
    nodes: [
      { id: 1, callFrame: { functionName: "(root)", url: "", lineNumber: -1 }, children: [2] },
      { id: 2, callFrame: { functionName: "work", url: "file:///w.js", lineNumber: 6 } },
    ],
    startTime: 0,
    endTime: 3000,
    samples: [2, 2, 2],
    timeDeltas: [1000, 1000, 1000],
  }),
);
const TIMES = { startedAtMs: 1_700_000_000_000 };

let clock: ManualClock;
let thread: ProfileConversionThread;
beforeEach(() => {
  clock = new ManualClock();
  thread = new ProfileConversionThread(clock);
});
afterEach(() => thread.close());

describe("ProfileConversionThread", () => {
  test("does what the same work on this thread does", async () => {
    const { data, samples } = await thread.check("cpu", CPU);
    assert.equal(samples, 3);
    assert.deepEqual(gunzipSync(data), CPU);
    for (const format of ["cpuprofile", "pprof", "folded"] as const) {
      assert.deepEqual(
        Buffer.from(await thread.convert("cpu", data, format, TIMES)),
        Buffer.from(await inlineConversion.convert("cpu", data, format, TIMES)),
        format,
      );
    }
    assert.deepEqual(await thread.tree("cpu", data), await inlineConversion.tree("cpu", data));
  });

  test("passes on what is wrong with a profile, and goes on", async () => {
    const wrong = thread.check("heap", CPU);
    const right = thread.check("cpu", CPU);
    await assert.rejects(wrong, { name: "ProfilerError", code: "profiler.data_invalid" });
    assert.equal((await right).samples, 3);
  });

  test("ends after being idle, and starts again when it is needed", async () => {
    assert.equal(thread.isRunning, false);
    await thread.check("cpu", CPU);
    clock.advance(29_999);
    assert.equal(thread.isRunning, true);
    await thread.check("cpu", CPU);
    clock.advance(30_000);
    assert.equal(thread.isRunning, false);
    assert.equal((await thread.check("cpu", CPU)).samples, 3);
  });

  test("fails what waits when it is closed", async () => {
    const waiting = thread.check("cpu", CPU);
    const failed = assert.rejects(waiting, /could not be worked on: it was closed/);
    await thread.close();
    await failed;
  });
});
