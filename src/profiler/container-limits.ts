// What the control group around this process allows it: in a container, the machine's memory says
// nothing about how much is left. Formats: the kernel's cgroup-v2.rst, and cgroup-v1/memory.rst.

import { readFile } from "node:fs/promises";
import path from "node:path";

import type { ContainerMetrics } from "./system-model.ts";

/** Version 1 says "no limit" with the largest multiple of a page that fits 63 bits. */
const UNLIMITED_BYTES = 2 ** 60;

/**
 * Memory and CPU limits of this process's control group; null where there are none.
 * @param root where the control groups are mounted.
 * @param membership the text of /proc/self/cgroup.
 */
export async function readContainerLimits(
  root = "/sys/fs/cgroup",
  membership?: string,
): Promise<ContainerMetrics | null> {
  const text = membership ?? (await readText("/proc/self/cgroup")) ?? "";
  const unified = /^0::(.*)$/m.exec(text)?.[1];
  const container = unified === undefined ? null : await readUnified(root, unified);
  return container ?? (await readLegacy(root, /^\d+:memory:(.*)$/m.exec(text)?.[1] ?? "/"));
}

/** Version 2: one tree. A limit may be set on any group above ours. */
async function readUnified(root: string, group: string): Promise<ContainerMetrics | null> {
  let memoryLimitBytes: number | null = null;
  let memoryUsedBytes: number | null = null;
  let cpuLimitCores: number | null = null;
  for (const folder of foldersUp(root, group)) {
    const limit = toBytes(await readText(path.join(folder, "memory.max")));
    if (limit !== null && (memoryLimitBytes === null || limit < memoryLimitBytes)) {
      memoryLimitBytes = limit;
      memoryUsedBytes = await usedBytes(folder, "memory.current", /^inactive_file (\d+)$/m);
    }
    const [quota, period] = ((await readText(path.join(folder, "cpu.max"))) ?? "").split(" ");
    const cores = Number(quota) / Number(period);
    if (cores > 0 && cores < (cpuLimitCores ?? Infinity)) cpuLimitCores = cores;
  }
  return toMetrics(memoryLimitBytes, memoryUsedBytes, cpuLimitCores);
}

/** Version 1: one tree for each resource. */
async function readLegacy(root: string, group: string): Promise<ContainerMetrics | null> {
  for (const folder of foldersUp(path.join(root, "memory"), group)) {
    const limit = toBytes(await readText(path.join(folder, "memory.limit_in_bytes")));
    if (limit === null) continue;
    const used = await usedBytes(folder, "memory.usage_in_bytes", /^total_inactive_file (\d+)$/m);
    return toMetrics(limit, used, null);
  }
  return null;
}

/** The group's folder and those above it; inside a container, the root is the container's own. */
function foldersUp(root: string, group: string): string[] {
  const folders: string[] = [];
  for (let at = path.posix.normalize(group); ; at = path.posix.dirname(at)) {
    // A group outside the mounted tree reads as /../..: only the root can be seen then.
    if (!at.includes("..")) folders.push(path.join(root, at));
    if (at === "/" || at === "." || folders.length > 64) break;
  }
  return folders.length > 0 ? folders : [root];
}

async function usedBytes(folder: string, file: string, inactive: RegExp): Promise<number | null> {
  const used = toBytes(await readText(path.join(folder, file)));
  if (used === null) return null;
  const statistics = (await readText(path.join(folder, "memory.stat"))) ?? "";
  return Math.max(0, used - Number(inactive.exec(statistics)?.[1] ?? 0));
}

function toMetrics(
  memoryLimitBytes: number | null,
  memoryUsedBytes: number | null,
  cpuLimitCores: number | null,
): ContainerMetrics | null {
  if (memoryLimitBytes === null && cpuLimitCores === null) return null;
  const known = memoryLimitBytes !== null && memoryUsedBytes !== null && memoryLimitBytes > 0;
  return {
    memoryLimitBytes,
    memoryUsedBytes,
    memoryUsagePercent: known ? (100 * memoryUsedBytes) / memoryLimitBytes : null,
    cpuLimitCores,
  };
}

/** "max" and numbers beyond any machine mean no limit. */
function toBytes(text: string | undefined): number | null {
  const bytes = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(bytes) && bytes < UNLIMITED_BYTES ? bytes : null;
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
