import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { detectRuntime } from "./runtime.ts";

test("Runtime.context() follows a handler through its awaits, and stays out of others", async () => {
  const runtime = await detectRuntime();
  const seen = await Promise.all(
    ["a", "b"].map((conversationId) =>
      runtime.within({ conversationId }, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return runtime.context()?.conversationId;
      }),
    ),
  );
  assert.deepEqual(seen, ["a", "b"]);
  assert.equal(runtime.context(), undefined);
});

test("Runtime.isAlive() tells living processes from ended ones", async () => {
  const runtime = await detectRuntime();
  assert.ok(runtime.isAlive(process.pid));
  const child = spawn(process.execPath, ["--eval", ""]);
  await once(child, "exit");
  assert.ok(child.pid !== undefined && !runtime.isAlive(child.pid));
});

test("Runtime.usage() measures this process", async () => {
  const runtime = await detectRuntime();
  runtime.usage();
  const untilMs = performance.now() + 30;
  while (performance.now() < untilMs);
  const usage = runtime.usage();
  assert.ok(usage !== undefined);
  assert.ok(usage.cpuPercent > 10, `${usage.cpuPercent} %`);
  assert.ok(usage.memoryBytes > 10_000_000);
  assert.equal(usage.processes, 1);
});
