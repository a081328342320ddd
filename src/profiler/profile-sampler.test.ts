import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { totalAmounts } from "./call-tree.ts";
import { readProfile } from "./profile-conversion.ts";
import { ProfileSampler } from "./profile-sampler.ts";

const running = { until: 0 };

/** Its only caller is the event loop: called by a function, it might be made a part of that one. */
function hotLoopOfTheTest(): void {
  let sum = 0;
  for (let index = 0; index < 2_000_000; index++) sum += Math.sqrt(index);
  if (sum > 0 && performance.now() < running.until) setImmediate(hotLoopOfTheTest);
}

const hoard: string[][] = [];

function hoardOfTheTest(): void {
  hoard.push(Array.from({ length: 50_000 }, (_, index) => `${index}`));
  if (hoard.length < 40) setImmediate(hoardOfTheTest);
}

describe("ProfileSampler.capture()", () => {
  test("finds the function that keeps this process busy, by name, file and line", async () => {
    running.until = performance.now() + 60_000;
    setImmediate(hotLoopOfTheTest);
    const captured = await new ProfileSampler().capture({ kind: "cpu", seconds: 0.5 });
    running.until = 0;
    const { nodes, samples } = readProfile("cpu", captured.data);
    assert.ok(samples > 50, `${samples} samples`);
    const [hottest] = nodes.toSorted((a, b) => b.amount - a.amount);
    assert.equal(hottest?.name, "hotLoopOfTheTest");
    assert.equal(hottest?.file, fileURLToPath(import.meta.url));
    assert.match(captured.runtime, /^node \d+\./);
    assert.ok(captured.endedAtMs >= captured.startedAtMs + 450);
    const source = await readFile(fileURLToPath(import.meta.url), "utf8");
    const lines = source.split("\n");
    assert.match(lines[(hottest?.line ?? 0) - 1] ?? "", /function hotLoopOfTheTest/);
  });

  test("finds who holds the memory that was allocated meanwhile", async () => {
    setImmediate(hoardOfTheTest);
    const captured = await new ProfileSampler().capture({ kind: "heap", seconds: 0.4 });
    const { nodes } = readProfile("heap", captured.data);
    const totals = totalAmounts(nodes);
    const found = nodes.findIndex((node) => node.name === "hoardOfTheTest");
    assert.ok(hoard.length > 0);
    assert.ok((totals[found] ?? 0) > 100_000, `${totals[found]} bytes at ${found}`);
  });

  test("takes one profile at a time, and names the one that runs", async () => {
    const sampler = new ProfileSampler();
    const stop = new AbortController();
    const first = sampler.capture({ kind: "cpu", seconds: 60, signal: stop.signal });
    await assert.rejects(sampler.capture({ kind: "heap", seconds: 1 }), {
      code: "profiler.busy",
      message: /cpu, 60 s/,
    });
    stop.abort(new Error("enough"));
    await assert.rejects(first, /enough/);
    const second = await sampler.capture({ kind: "cpu", seconds: 0.1 });
    assert.ok(second.data.length > 0);
  });

  test("refuses lengths and intervals it cannot keep", async () => {
    const sampler = new ProfileSampler();
    for (const wrong of [
      { seconds: 0 },
      { seconds: 121 },
      { seconds: Number.NaN },
      { seconds: 1, intervalUs: 1 },
    ]) {
      await assert.rejects(sampler.capture({ kind: "cpu", ...wrong }), {
        code: "profiler.range_invalid",
      });
    }
  });
});
