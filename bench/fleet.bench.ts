// What a fleet does to the server: how long its main thread stands still, what it costs in memory
// and CPU, and how long a heartbeat and an acknowledged send take meanwhile, for fleets of 100,
// 1,000 and 10,000 agents.

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Benchmark, BenchmarkReport, MeasuredRow } from "./benchmark.ts";
import type { EventLoopFigures } from "./event-loop-probe.ts";
import type { FleetCounts, FleetOrder } from "./fleet-driver.ts";
import { ask } from "./fleet-http.ts";
import { FleetServer } from "./fleet-server.ts";

const SIZES = [100, 1000, 10_000];
const WARM_UP_MS = 15_000;
/** Long enough for a snapshot of all metrics (each 60 s) to fall into it. */
const MEASURE_MS = 65_000;
const PROBES_PER_SECOND = 20;

const LOAD = {
  heartbeatSeconds: 30,
  messagesPerSecond: 200,
  samplesPerSecond: 2000,
  pages: 5,
} as const;
const CLAIMERS_MOST = 2000;

/** What one fleet did to the server. */
export interface FleetFigures {
  readonly agents: number;
  readonly enrolSeconds: number;
  readonly loop: EventLoopFigures;
  /** In milliseconds, ascending. */
  readonly heartbeatMs: readonly number[];
  readonly sendMs: readonly number[];
  readonly counts: FleetCounts;
  readonly seconds: number;
}

/** Times for one fleet; shorter ones miss the snapshot. */
export interface FleetTimes {
  readonly warmUpMs?: number;
  readonly measureMs?: number;
  readonly repository?: string;
}

/** Runs one fleet against a server of its own. */
export async function measureFleet(agents: number, times: FleetTimes = {}): Promise<FleetFigures> {
  const { warmUpMs = WARM_UP_MS, measureMs = MEASURE_MS } = times;
  const folder = mkdtempSync(path.join(tmpdir(), "cellphone-bench-"));
  let server: FleetServer;
  try {
    server = await FleetServer.start(folder, times.repository);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const driver = fork(path.join(import.meta.dirname, "fleet-driver.ts"));
  const ended = once(driver, "exit").then(([code]) => {
    throw new Error(`The fleet ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  const answer = async (): Promise<FleetCounts> => {
    const [counts]: FleetCounts[] = await Promise.race([once(driver, "message"), ended]);
    if (counts === undefined) throw new Error("The fleet said nothing");
    return counts;
  };
  try {
    const startedMs = performance.now();
    const enrolled = await server.enrol(agents);
    const enrolSeconds = (performance.now() - startedMs) / 1000;
    const { host, port } = server;
    const order: FleetOrder = {
      host,
      port,
      adminKey: await server.adminKey(),
      agents: enrolled.slice(0, -1),
      claimers: Math.min(agents - 1, CLAIMERS_MOST),
      ...LOAD,
    };
    driver.send(order);
    await answer();
    await sleep(warmUpMs);
    driver.send("counts");
    await answer();
    server.beginWatch();
    const latencies = await probe(server, enrolled, measureMs);
    const loop = await server.endWatch();
    driver.send("counts");
    const counts = await answer();
    return { agents, enrolSeconds, loop, ...latencies, counts, seconds: measureMs / 1000 };
  } finally {
    driver.kill();
    await server.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** The last agent, beside the fleet: in this process, which has nothing else to do. */
async function probe(
  { host, port }: FleetServer,
  enrolled: readonly { readonly id: string; readonly key: string }[],
  durationMs: number,
): Promise<Pick<FleetFigures, "heartbeatMs" | "sendMs">> {
  const self = enrolled.at(-1);
  const recipient = enrolled[0];
  if (self === undefined || recipient === undefined) throw new RangeError("No agents");
  const caller = { host, port, key: self.key };
  const heartbeatMs: number[] = [];
  const sendMs: number[] = [];
  const timed = async (into: number[], path: string, body: object): Promise<void> => {
    const startedMs = performance.now();
    await ask(caller, "POST", path, body);
    into.push(performance.now() - startedMs);
  };
  const message = { recipientId: recipient.id, type: "report", payload: { text: "probe" } };
  const underWay: Promise<void>[] = [];
  const untilMs = performance.now() + durationMs;
  while (performance.now() < untilMs) {
    underWay.push(timed(heartbeatMs, `/api/v1/agents/${self.id}/heartbeat`, {}));
    await sleep(500 / PROBES_PER_SECOND);
    underWay.push(timed(sendMs, "/api/v1/messages", message));
    await sleep(500 / PROBES_PER_SECOND);
  }
  await Promise.all(underWay);
  return { heartbeatMs: ascending(heartbeatMs), sendMs: ascending(sendMs) };
}

function ascending(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

/** The value below which a share of ascending values lies. */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.floor(share * (ascending.length - 1))] ?? Number.NaN;
}

function row(name: string, value: number, unit: string): MeasuredRow {
  return { name, rounds: [value], unit };
}

function rows({ loop, heartbeatMs, sendMs }: FleetFigures): MeasuredRow[] {
  return [
    row("main thread's event loop, delay p50", loop.p50Ms, "ms"),
    row("main thread's event loop, delay p99", loop.p99Ms, "ms"),
    row("main thread's event loop, longest delay", loop.maxMs, "ms"),
    row("delays over 20 ms", loop.over20Ms, "times"),
    row("delays over 50 ms", loop.over50Ms, "times"),
    row("of its own CPU time: longest", loop.busyMaxMs, "ms"),
    row("of its own CPU time: over 20 ms", loop.busyOver20Ms, "times"),
    row("of its own CPU time: over 50 ms", loop.busyOver50Ms, "times"),
    row("heartbeat p50", quantile(heartbeatMs, 0.5), "ms"),
    row("heartbeat p99", quantile(heartbeatMs, 0.99), "ms"),
    row("acknowledged send p50", quantile(sendMs, 0.5), "ms"),
    row("acknowledged send p99", quantile(sendMs, 0.99), "ms"),
    row("server's memory (RSS)", loop.rssMb, "MiB"),
    row("server's CPU, all threads, of one core", loop.cpuPercent, "%"),
    row("its main thread", loop.mainPercent, "%"),
  ];
}

function noteWork(report: BenchmarkReport, figures: FleetFigures): void {
  const { agents, counts, seconds } = figures;
  const rate = (count: number): string => (count / seconds).toFixed(0);
  report.note(
    `${agents} agents enrolled in ${figures.enrolSeconds.toFixed(1)} s; per second: ` +
      `${rate(counts.heartbeats)} heartbeats, ${rate(counts.sends)} sends, ` +
      `${rate(counts.settled)} settled, ${rate(counts.samples)} samples, ` +
      `${rate(counts.pageBytes / 1024)} KiB to ${LOAD.pages} pages; ` +
      `${counts.pageLoads} page loads, ${counts.failures} failures.`,
  );
}

export const benchmark: Benchmark = {
  name: "fleet",
  description: "fleets of 100, 1,000 and 10,000 agents: stalls, latency, memory",
  async run(report) {
    for (const agents of SIZES) {
      const figures = await measureFleet(agents);
      if (figures.counts.failure !== null) throw new Error(figures.counts.failure);
      report.add(`${agents} agents`, rows(figures));
      noteWork(report, figures);
    }
    report.note(
      `Every agent heartbeats each ${LOAD.heartbeatSeconds} s; up to ${CLAIMERS_MOST} hold a ` +
        `long poll open; ${LOAD.messagesPerSecond} messages/s, ${LOAD.samplesPerSecond} ` +
        `samples/s, ${LOAD.pages} live pages. The fleet, the server and whoever measures are ` +
        "three processes that share the machine.",
    );
  },
};
