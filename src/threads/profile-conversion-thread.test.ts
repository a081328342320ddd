import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { ManualClock } from "../core/index.ts";
import { inlineConversion, profilerLimits } from "../profiler/index.ts";
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

/** As many calls as it may have: it is read, and takes more than 80 MB. */
function largeProfile(): Uint8Array {
  const callFrame = { functionName: "f", url: "", lineNumber: 0 };
  const children = Array.from({ length: 150_000 }, (_, at) => at + 1);
  const leaves = children.map((id) => ({ id, callFrame }));
  const nodes = [{ id: 0, callFrame, children }, ...leaves];
  const times = { startTime: 0, endTime: 1, samples: [], timeDeltas: [] };
  return Buffer.from(JSON.stringify({ nodes, ...times }));
}

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

  test("fails only the profile at which it runs out of memory", async () => {
    thread = new ProfileConversionThread(clock, { heapMegabytes: 48 });
    const before = thread.check("cpu", CPU);
    const hostile = thread.check("cpu", largeProfile());
    const after = [thread.check("cpu", CPU), thread.check("heap", CPU), thread.check("cpu", CPU)];
    assert.equal((await before).samples, 3);
    await assert.rejects(hostile, { code: "profiler.conversion_failed", message: /memory/ });
    assert.deepEqual(
      (await Promise.allSettled(after)).map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
  });

  test("fails a profile it works on for too long, and works on the next", async () => {
    const stuck = thread.check("cpu", CPU);
    const next = thread.check("cpu", CPU);
    clock.advance(profilerLimits.conversionMs.value);
    await assert.rejects(stuck, { code: "profiler.conversion_failed", message: /more than 30 s/ });
    assert.equal((await next).samples, 3);
  });

  test("refuses more than may wait", async () => {
    const most = profilerLimits.waitingConversions.value;
    const taken = Array.from({ length: 1 + most }, () => thread.check("cpu", CPU));
    await assert.rejects(thread.check("cpu", CPU), { code: "profiler.conversion_unavailable" });
    for (const { samples } of await Promise.all(taken)) assert.equal(samples, 3);
  });

  test("fails what waits when it is closed, and what comes later", async () => {
    const waiting = [thread.check("cpu", CPU), thread.check("cpu", CPU)];
    const closed = { code: "profiler.conversion_unavailable", message: /was closed/ };
    const failed = waiting.map((one) => assert.rejects(one, closed));
    await thread.close();
    await Promise.all(failed);
    await assert.rejects(thread.check("cpu", CPU), closed);
    assert.equal(thread.isRunning, false);
  });
});
