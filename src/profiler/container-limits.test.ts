import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";

import { readContainerLimits } from "./container-limits.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "cgroup-"));
});
afterEach(() => rm(root, { recursive: true }));

async function write(group: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(path.join(root, group), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(path.join(root, group, name), text);
  }
}

describe("readContainerLimits()", () => {
  test("reads version 2: memory without inactive cache, and CPU in cores", async () => {
    await write("", {
      "memory.max": "1000000\n",
      "memory.current": "700000\n",
      "memory.stat": "anon 400000\ninactive_file 200000\nactive_file 1\n",
      "cpu.max": "150000 100000\n",
    });
    assert.deepEqual(await readContainerLimits(root, "0::/\n"), {
      memoryLimitBytes: 1_000_000,
      memoryUsedBytes: 500_000,
      memoryUsagePercent: 50,
      cpuLimitCores: 1.5,
    });
  });

  test("finds the tightest limit on the way up, whichever group has it", async () => {
    await write("system.slice/cellphone.service", {
      "memory.max": "max\n",
      "memory.current": "10\n",
      "cpu.max": "max 100000\n",
    });
    await write("system.slice", { "memory.max": "4096\n", "memory.current": "1024\n" });
    const limits = await readContainerLimits(root, "0::/system.slice/cellphone.service\n");
    assert.equal(limits?.memoryLimitBytes, 4096);
    assert.equal(limits?.memoryUsagePercent, 25);
    assert.equal(limits?.cpuLimitCores, null);
  });

  test("reads version 1, where no limit is a huge number", async () => {
    await write("memory/docker/abc", {
      "memory.limit_in_bytes": "2048\n",
      "memory.usage_in_bytes": "1536\n",
      "memory.stat": "total_inactive_file 512\n",
    });
    await write("memory", { "memory.limit_in_bytes": "9223372036854771712\n" });
    const membership = "5:memory:/docker/abc\n4:cpu:/docker/abc\n";
    assert.equal((await readContainerLimits(root, membership))?.memoryUsagePercent, 50);
    assert.equal(await readContainerLimits(root, "5:memory:/\n"), null);
  });

  test("is null without limits, and keeps to the tree it was given", async () => {
    assert.equal(await readContainerLimits(root, ""), null);
    await write("", { "memory.max": "max\n" });
    assert.equal(await readContainerLimits(root, "0::/../../etc\n"), null);
  });
});
