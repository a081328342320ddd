// What a call through a gateway costs on one core: ours with everything on, beside two proxies
// for Node and Debian's caddy and nginx, which only proxy.

import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";

import type { Benchmark, BenchmarkReport } from "./benchmark.ts";
import { checkAnswer, load, requireWrk } from "./gateway-load.ts";
import {
  startCaddy,
  startCellphone,
  startNginx,
  startPeer,
  startUpstream,
} from "./gateway-servers.ts";
import type { GatewayStarter, RunningGateway } from "./gateway-servers.ts";

const ROUNDS = 7;
const WARM_UP_ROUNDS = 2;
const SECONDS = 2;
const CONNECTIONS = 32;
/** The row that others are compared with. */
const PEER = "@fastify/http-proxy 11.6.3";

const STARTERS: readonly GatewayStarter[] = [
  startCellphone,
  startPeer(PEER, "http-proxy"),
  startPeer("fast-gateway 5.0.1", "fast-gateway"),
  startCaddy,
  startNginx,
];

interface Line {
  readonly gateway: RunningGateway;
  readonly callsPerSecond: number[];
  readonly p50Ms: number[];
  readonly p99Ms: number[];
  readonly processorUs: number[];
}

/** Alternating rounds: each begins with another gateway, warm-up rounds are not counted. */
async function measure(lines: readonly Line[]): Promise<void> {
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (let turn = 0; turn < lines.length; turn++) {
      const line = lines[(turn + round + WARM_UP_ROUNDS) % lines.length];
      if (line === undefined) continue;
      const figures = await load(line.gateway, CONNECTIONS, SECONDS);
      if (round < 0) continue;
      line.callsPerSecond.push(figures.callsPerSecond);
      line.p50Ms.push(figures.p50Ms);
      line.p99Ms.push(figures.p99Ms);
      line.processorUs.push(figures.processorUs);
    }
  }
}

function show(report: BenchmarkReport, lines: readonly Line[]): void {
  const rows = (pick: (line: Line) => number[], unit: string, better: "lower" | "higher") =>
    lines.map((line) => ({
      name: line.gateway.name,
      rounds: pick(line),
      unit,
      better,
      peer: line.gateway.name === PEER,
    }));
  const with32 = `${CONNECTIONS} connections`;
  report.add(
    `calls, ${with32}`,
    rows((line) => line.callsPerSecond, "calls/s", "higher"),
  );
  report.add(
    `median latency, ${with32}`,
    rows((line) => line.p50Ms, "ms", "lower"),
  );
  report.add(
    `99th percentile, ${with32}`,
    rows((line) => line.p99Ms, "ms", "lower"),
  );
  report.add(
    "processor time of one call",
    rows((line) => line.processorUs, "us", "lower"),
  );
}

export const benchmark: Benchmark = {
  name: "gateway",
  description: "a GET with a 250-byte JSON answer through a gateway on one core",
  async run(report) {
    requireWrk();
    const folder = mkdtempSync(path.join(tmpdir(), "bench-gateway-"));
    const stops: (() => Promise<void>)[] = [];
    try {
      const upstream = await startUpstream(folder);
      stops.push(() => upstream.stop());
      const lines: Line[] = [];
      for (const start of STARTERS) {
        const gateway = await start(folder, upstream.url);
        if ("skipped" in gateway) {
          report.note(`Left out: ${gateway.skipped}.`);
          continue;
        }
        stops.push(() => gateway.stop());
        await checkAnswer(gateway);
        const none = { callsPerSecond: [], p50Ms: [], p99Ms: [], processorUs: [] };
        lines.push({ gateway, ...none });
      }
      const loadBefore = loadavg()[0] ?? 0;
      await measure(lines);
      show(report, lines);
      report.note(
        "Each gateway is one process on one core (ours with its control plane, storage threads and " +
          "one gateway worker); the upstream (nginx, one worker, answering from memory) and the " +
          "client (wrk, one thread) share another. Ours checks a key, swaps it for the service's, " +
          "holds the call to two rate limits, keeps its history and measures it, while others proxy.",
      );
      report.note(
        `Of ordinary calls at most 500 a second are kept one by one; all are counted and measured. ` +
          `Load of the machine before: ${loadBefore.toFixed(1)}. Processor time is what the ` +
          `process used, so it says the same on a busy machine.`,
      );
    } finally {
      for (const stop of stops.toReversed()) await stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
