// What a program and everything it started use: CPU and memory of a process tree, read from
// /proc on Linux (proc_pid_stat(5)) and from ps elsewhere.

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

import type { ProcessUsage } from "../../communication/index.ts";

/** One process, as far as trees are concerned. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  /** Session id on Linux, process group id elsewhere: ties what lost its parent to the root. */
  readonly groupId: number;
  /** CPU time used by it and by those of its children that have ended, in seconds. */
  readonly cpuSeconds: number;
  /** Resident memory in bytes; null when it is read only for processes that matter. */
  readonly memoryBytes: number | null;
}

/** Lists the processes of this machine. */
export type ProcessLister = () => Promise<readonly ProcessFacts[]>;

/** /proc counts time in ticks of USER_HZ, which is 100 on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

/** Measures one tree between calls. */
export class ProcessTreeMeter {
  readonly #rootPid: number;
  readonly #list: ProcessLister;
  readonly #monotonicMs: () => number;
  #lastCpuSeconds: number | null = null;
  #lastAtMs = 0;

  /** @param rootPid the tree's first process; best the leader of its own session. */
  constructor(
    rootPid: number,
    list: ProcessLister = process.platform === "linux" ? listFromProc : listFromPs,
    monotonicMs: () => number = () => performance.now(),
  ) {
    this.#rootPid = rootPid;
    this.#list = list;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Usage since the last call (CPU) and now (memory); null when no process of the tree is left.
   * The first call has nothing to compare with and says 0 % CPU. Memory counts pages shared
   * between processes once for each.
   */
  async measure(): Promise<ProcessUsage | null> {
    const members = membersOf(this.#rootPid, await this.#list());
    const atMs = this.#monotonicMs();
    if (members.length === 0) return null;
    const memory = await Promise.all(
      members.map(async (member) => member.memoryBytes ?? (await residentBytes(member.pid))),
    );
    const cpuSeconds = members.reduce((sum, member) => sum + member.cpuSeconds, 0);
    const elapsedSeconds = (atMs - this.#lastAtMs) / 1000;
    // A process that leaves the tree takes its time with it: never below zero.
    const used = this.#lastCpuSeconds === null ? 0 : Math.max(0, cpuSeconds - this.#lastCpuSeconds);
    const cpuPercent = elapsedSeconds > 0 ? (100 * used) / elapsedSeconds : 0;
    this.#lastCpuSeconds = cpuSeconds;
    this.#lastAtMs = atMs;
    return {
      cpuPercent: Math.round(cpuPercent * 10) / 10,
      memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0),
      processes: members.length,
    };
  }
}

/** The root, its descendants, and whoever shares its session after losing a parent. */
export function membersOf(
  rootPid: number,
  processes: readonly ProcessFacts[],
): readonly ProcessFacts[] {
  const children = Map.groupBy(processes, (each) => each.parentPid);
  const members = new Map<number, ProcessFacts>();
  const queue = processes.filter((each) => each.pid === rootPid || each.groupId === rootPid);
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (members.has(next.pid)) continue;
    members.set(next.pid, next);
    queue.push(...(children.get(next.pid) ?? []));
  }
  return [...members.values()];
}

/** Reads one line of /proc/<pid>/stat; the name in parentheses may hold anything. */
export function parseStat(line: string): ProcessFacts | null {
  const pid = Number.parseInt(line, 10);
  const fields = line
    .slice(line.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [, parentPid, , session] = fields;
  if (!Number.isInteger(pid) || parentPid === undefined || session === undefined) return null;
  // utime, stime, cutime, cstime: fields 14 to 17 of proc_pid_stat(5), 11 to 14 after the name.
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  if (!Number.isFinite(ticks)) return null;
  const cpuSeconds = ticks / TICKS_PER_SECOND;
  return { pid, parentPid, groupId: session, cpuSeconds, memoryBytes: null };
}

async function listFromProc(): Promise<readonly ProcessFacts[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readOrEmpty(`/proc/${pid}/stat`)));
  return lines.map((line) => parseStat(line)).filter((facts) => facts !== null);
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readOrEmpty(`/proc/${pid}/status`);
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? 0 : Number(kibibytes) * 1024;
}

/** Processes end while they are read; those count as not there. */
async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
}

async function listFromPs(): Promise<readonly ProcessFacts[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,pgid=,rss=,time="]);
  return stdout
    .split("\n")
    .map((line) => parsePsLine(line))
    .filter((facts) => facts !== null);
}

/** Reads one line of `ps -o pid=,ppid=,pgid=,rss=,time=`; time is `[[dd-]hh:]mm:ss[.ff]`. */
export function parsePsLine(line: string): ProcessFacts | null {
  const [pid, parentPid, groupId, kibibytes, time] = line.trim().split(/\s+/);
  if (time === undefined) return null;
  const [clock = "", days = "0"] = time.split("-").toReversed();
  const seconds = clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return {
    pid: Number(pid),
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    cpuSeconds: Number(days) * 86_400 + seconds,
    memoryBytes: Number(kibibytes) * 1024,
  };
}
