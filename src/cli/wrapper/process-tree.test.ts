import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { membersOf, parsePsLine, parseStat, ProcessTreeMeter } from "./process-tree.ts";
import type { ProcessFacts } from "./process-tree.ts";

function facts(pid: number, parentPid: number, cpuSeconds = 0, groupId = 0): ProcessFacts {
  return { pid, parentPid, groupId, cpuSeconds, memoryBytes: pid * 1000 };
}

test("parseStat() reads names that hold spaces and parentheses", () => {
  const line =
    "4121 (a) b (c) S 4100 4121 4121 0 -1 4194560 100 0 0 0 150 50 20 5 20 0 1 0 1000 1 2";
  assert.deepEqual(parseStat(line), {
    pid: 4121,
    parentPid: 4100,
    groupId: 4121,
    cpuSeconds: 2.25,
    memoryBytes: null,
  });
  assert.equal(parseStat(""), null);
});

test("parsePsLine() reads times with and without days and hours", () => {
  assert.equal(parsePsLine("  10 1 10 2048 1-02:03:04")?.cpuSeconds, 93_784);
  assert.equal(parsePsLine("10 1 10 2048 03:04.50")?.cpuSeconds, 184.5);
  assert.equal(parsePsLine("10 1 10 2048 03:04")?.memoryBytes, 2_097_152);
  assert.equal(parsePsLine(""), null);
});

test("membersOf() takes descendants, and orphans of the same session, and nobody else", () => {
  const processes = [
    facts(1, 0),
    facts(10, 1),
    facts(11, 10),
    facts(12, 11),
    facts(13, 1, 0, 10),
    facts(14, 13),
    facts(20, 1),
  ];
  const members = membersOf(10, processes).map((member) => member.pid);
  assert.deepEqual(
    members.toSorted((a, b) => a - b),
    [10, 11, 12, 13, 14],
  );
});

test("ProcessTreeMeter.measure() gives CPU since the last call in percent of one core", async () => {
  let atMs = 0;
  let processes = [facts(10, 1, 5), facts(11, 10, 1)];
  const list = () => Promise.resolve(processes);
  const meter = new ProcessTreeMeter(10, list, () => atMs);
  assert.equal((await meter.measure())?.cpuPercent, 0);
  atMs = 2000;
  // 11 has ended; its second is among what 10's ended children used.
  processes = [facts(10, 1, 7)];
  assert.deepEqual(await meter.measure(), { cpuPercent: 50, memoryBytes: 10_000, processes: 1 });
  processes = [];
  assert.equal(await meter.measure(), null);
});

test("ProcessTreeMeter.measure() sees a real tree's work and memory", async (t) => {
  // The parent only waits; its child burns CPU and says so once it has used a while of it.
  const burn = `
    const until = process.cpuUsage().user + 300000;
    while (process.cpuUsage().user < until);
    console.log("burnt");
    setInterval(() => {}, 1000);`;
  const parent = spawn(
    process.execPath,
    [
      "-e",
      `const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(burn)}], { stdio: "inherit" });
       process.on("SIGTERM", () => { child.kill("SIGKILL"); process.exit(); });`,
    ],
    { detached: true, stdio: ["ignore", "pipe", "inherit"] },
  );
  t.after(() => process.kill(-(parent.pid ?? 0), "SIGKILL"));
  const meter = new ProcessTreeMeter(parent.pid ?? 0);
  const startedAtMs = performance.now();
  assert.equal((await meter.measure())?.cpuPercent, 0);
  await once(parent.stdout, "data");
  const usage = await meter.measure();
  const elapsedMs = performance.now() - startedAtMs;
  assert.ok(usage !== null);
  assert.equal(usage.processes, 2);
  assert.ok(usage.memoryBytes > 40_000_000, `two Nodes in ${usage.memoryBytes} bytes`);
  const cpuMs = (usage.cpuPercent / 100) * elapsedMs;
  assert.ok(cpuMs >= 250, `${cpuMs} ms of CPU seen, 300 used by the child`);
});
