import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { totalmem } from "node:os";
import { describe, test } from "node:test";

import { nextTurn, systemClock } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { networkMetrics, systemMetrics } from "./host-rates.ts";
import type { HostReading } from "./host-reader.ts";
import { PerformanceProfiler } from "./performance-profiler.ts";
import type { CpuTimes, InterfaceCounters } from "./proc-files.ts";
import { SystemProbe } from "./system-probe.ts";
import type { ProbeReading } from "./system-probe.ts";

const LINUX = { skip: process.platform !== "linux" && "it reads /proc" };

function interfaceOf(name: string, receivedBytes: number): InterfaceCounters {
  return {
    name,
    loopback: name === "lo",
    receivedBytes,
    receiveErrors: 0,
    receiveDropped: 0,
    transmittedBytes: 2 * receivedBytes,
    transmitErrors: 0,
    transmitDropped: 0,
  };
}

/** The machine's clock, but for timers: what is due later is due in a moment. */
function impatientClock(): { readonly clock: Clock; readonly delays: number[] } {
  const delays: number[] = [];
  const clock: Clock = {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    after(delayMs, callback) {
      delays.push(delayMs);
      const timer = setTimeout(callback, delayMs === 0 ? 0 : 20);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
  return { clock, delays };
}

function timesOf(busy: number, wait: number, total: number): CpuTimes {
  return { user: busy / 2, system: busy / 2, wait, total, busy };
}

function loopbackBytes({ network }: ProbeReading): number {
  return network.interfaces.find((one) => one.loopback)?.receivedBytes ?? 0;
}

function readingOf(monotonicMs: number, fields: Partial<HostReading> = {}): HostReading {
  return {
    atMs: monotonicMs,
    monotonicMs,
    hostname: "host",
    platform: "linux",
    uptimeSeconds: 1,
    cpu: { all: null, cores: [] },
    loadAverage: [1, 2, 3],
    memory: {
      totalBytes: 100,
      usedBytes: 40,
      availableBytes: 60,
      usagePercent: 40,
      swapTotalBytes: 0,
      swapUsedBytes: 0,
    },
    container: null,
    disk: null,
    interfaces: [],
    ...fields,
  };
}

describe("systemMetrics() and networkMetrics()", () => {
  test("have shares of the CPU time that passed between two readings", () => {
    const before = readingOf(0, {
      cpu: { all: timesOf(100, 0, 1000), cores: [timesOf(50, 0, 500), timesOf(50, 0, 500)] },
    });
    const now = readingOf(1000, {
      cpu: { all: timesOf(150, 20, 1200), cores: [timesOf(100, 0, 600), timesOf(50, 20, 600)] },
    });
    const { cpu } = systemMetrics(before, now);
    assert.deepEqual(
      [cpu.usagePercent, cpu.userPercent, cpu.systemPercent, cpu.waitPercent],
      [25, 12.5, 12.5, 10],
    );
    assert.deepEqual(cpu.perCorePercent, [50, 0]);
    assert.equal(systemMetrics(null, now).cpu.usagePercent, null);
    assert.equal(systemMetrics(now, now).cpu.usagePercent, null, "no time has passed");
  });

  test("have bytes a second, loopback in no total, and no rate for a counter that began anew", () => {
    const before = readingOf(0, {
      interfaces: [interfaceOf("lo", 0), interfaceOf("eth0", 1000), interfaceOf("wifi", 9000)],
    });
    const now = readingOf(2000, {
      interfaces: [
        interfaceOf("lo", 50_000),
        interfaceOf("eth0", 5000),
        interfaceOf("wifi", 10),
        interfaceOf("new", 70),
      ],
    });
    const { interfaces, total, intervalMs } = networkMetrics(before, now);
    const rates = Object.fromEntries(
      interfaces.map((one) => [one.name, one.receiveBytesPerSecond]),
    );
    assert.deepEqual(rates, { lo: 25_000, eth0: 2000, wifi: null, new: null });
    assert.equal(intervalMs, 2000);
    assert.deepEqual(total, {
      receivedBytes: 5080,
      transmittedBytes: 10_160,
      receiveBytesPerSecond: 2000,
      transmitBytesPerSecond: 4000,
    });
    assert.equal(networkMetrics(null, now).total.receiveBytesPerSecond, null);
  });
});

describe("SystemProbe.read()", () => {
  test("reads this machine and this process", async () => {
    using probe = new SystemProbe({ diskPath: process.cwd() });
    const { system, process: own, network } = await probe.read();
    // What the kernel keeps for itself may be left out of one of the two.
    assert.ok(Math.abs(system.memory.totalBytes / totalmem() - 1) < 0.05);
    assert.ok(system.memory.usagePercent > 0 && system.memory.usagePercent < 100);
    assert.ok(system.cpu.cores > 0);
    assert.ok((system.disk?.totalBytes ?? 0) > (system.disk?.usedBytes ?? 0));
    assert.equal(own.pid, process.pid);
    assert.ok(own.residentBytes > 10_000_000);
    assert.ok((own.heap?.usedBytes ?? 0) > 1_000_000);
    assert.ok((own.eventLoop?.utilization ?? -1) >= 0);
    assert.ok(network.intervalMs !== null && network.intervalMs >= 240);
  });

  test("starts no process on Linux", LINUX, async () => {
    using probe = new SystemProbe();
    const before = await childrenOf(process.pid);
    const reading = probe.read();
    for (let turn = 0; turn < 50; turn++) {
      await nextTurn();
      assert.deepEqual(await childrenOf(process.pid), before);
    }
    await reading;
  });

  test("counts what goes over the loopback interface", LINUX, async () => {
    using probe = new SystemProbe();
    const before = await probe.read();
    const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const socket = connect(address.port, "127.0.0.1");
    socket.end(Buffer.alloc(4_000_000));
    await once(socket, "close");
    server.close();
    let now = await probe.read();
    // Readings within a quarter of a second share one answer.
    while (now === before) now = await probe.read();
    assert.ok(loopbackBytes(now) - loopbackBytes(before) >= 4_000_000);
  });

  test("sees a process keep one core busy, and refuses one that is not there", LINUX, async () => {
    const code = "setTimeout(() => process.exit(), 20_000); for (;;) Math.sqrt(2)";
    const child = spawn(process.execPath, ["-e", `${code};`], { stdio: "ignore" });
    try {
      await once(child, "spawn");
      using probe = new SystemProbe();
      const pid = child.pid ?? 0;
      let usage = await probe.readProcess(pid);
      const until = performance.now() + 10_000;
      while ((usage.cpuPercent ?? 0) < 5 && performance.now() < until) {
        await nextTurn();
        usage = await probe.readProcess(pid);
      }
      assert.ok((usage.cpuPercent ?? 0) >= 5, `${usage.cpuPercent} %`);
      assert.ok(usage.residentBytes > 1_000_000);
      assert.deepEqual([usage.pid, usage.heap, usage.eventLoop], [pid, null, null]);
      child.kill("SIGKILL");
      await once(child, "exit");
      await assert.rejects(probe.readProcess(pid), { code: "profiler.process_unknown" });
      await assert.rejects(probe.readProcess(-1), { code: "profiler.process_unknown" });
    } finally {
      child.kill("SIGKILL");
    }
  });
});

describe("SystemProbe", () => {
  test("latest() has nothing at first, then the last reading, without waiting", async () => {
    using probe = new SystemProbe();
    assert.equal(probe.latest(), null);
    // What latest() began.
    await probe.read();
    const load = probe.latest();
    assert.ok(load !== null && load.cpuPercent >= 0 && load.memoryPercent > 0);
  });

  test("every() reads once for all that share an interval, and stops with the last", async () => {
    const { clock, delays } = impatientClock();
    using probe = new SystemProbe({ clock });
    const seen: ProbeReading[][] = [[], []];
    const { promise, resolve } = Promise.withResolvers<void>();
    const registrations = seen.map((list) =>
      probe.every(30_000, (reading) => {
        if (list.push(reading) === 2 && list === seen[1]) resolve();
      }),
    );
    assert.deepEqual(delays, [0]);
    await promise;
    assert.deepEqual(delays.slice(0, 3), [0, 30_000, 30_000]);
    assert.equal(seen[0]?.[0], seen[1]?.[0]);
    for (const registration of registrations) registration[Symbol.dispose]();
    const before = delays.length;
    await probe.read();
    assert.deepEqual([delays.length, seen[0]?.length], [before, seen[1]?.length]);
    assert.throws(() => probe.every(0, () => undefined), RangeError);
  });
});

test("PerformanceProfiler.start() records host and process every snapshotInterval", async () => {
  const { clock, delays } = impatientClock();
  const recorded = new Map<string, number[]>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const profiler = new PerformanceProfiler(
    { snapshotInterval: 5 },
    {
      clock,
      telemetry: {
        series: ({ metric, agentId }) => {
          assert.equal(agentId, undefined);
          const values: number[] = [];
          recorded.set(metric, values);
          const record = (value: number): void => {
            // The last one that is always there.
            if (values.push(value) === 2 && metric === "process_memory_bytes") resolve();
          };
          return { record, recordBatch: () => undefined };
        },
        recent: () => ({}),
        activity: () => undefined,
      },
    },
  );
  profiler.start();
  await promise;
  await profiler.stop();
  assert.ok(delays.includes(5000));
  for (const metric of [
    "system_memory_usage",
    "system_disk_usage",
    "network_receive_rate",
    "network_transmit_rate",
    "process_cpu_usage",
    "process_memory_bytes",
    "system_load",
  ]) {
    const values = recorded.get(metric) ?? [];
    assert.ok(
      values.length >= 2 && values.every((value) => value >= 0),
      `${metric}: ${values.join(" ")}`,
    );
  }
  assert.ok((recorded.get("system_memory_usage")?.[0] ?? 0) <= 100);
});

/** Processes that this one has started and that have not ended. */
async function childrenOf(pid: number): Promise<string[]> {
  const children: string[] = [];
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${task}/children`, "utf8").catch(() => "");
    children.push(...text.split(" ").filter((child) => child !== ""));
  }
  return children;
}
