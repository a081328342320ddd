// The fleet of the benchmark "fleet", a process of its own: as many agents as it is told, each
// with its own key, that heartbeat, hold a long poll open, take and settle mail, send and record,
// and the pages that watch them. Orders and counts travel over the IPC channel.

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { ask, open } from "./fleet-http.ts";
import type { Caller } from "./fleet-http.ts";

/** What the fleet does. */
export interface FleetOrder {
  readonly host: string;
  readonly port: number;
  readonly adminKey: string;
  /** Ids with their keys. */
  readonly agents: readonly { readonly id: string; readonly key: string }[];
  readonly heartbeatSeconds: number;
  /** Agents that hold a claim open; they get the mail. */
  readonly claimers: number;
  readonly messagesPerSecond: number;
  readonly samplesPerSecond: number;
  readonly pages: number;
}

/** What it did since it was last asked. */
export interface FleetCounts {
  heartbeats: number;
  sends: number;
  settled: number;
  samples: number;
  /** What the pages got, in bytes. */
  pageBytes: number;
  /** Page loads, one page each 10 s. */
  pageLoads: number;
  discoveries: number;
  charts: number;
  failures: number;
  /** The first failure, in words. */
  failure: string | null;
}

const METRICS = ["response_time", "cpu_usage", "memory_usage", "queue_length", "cost_usd"];
const SAMPLES_PER_BATCH = 20;
/** What the Overview asks for, how often, over which range. */
const CHARTS = [
  "metric=task_completion&aggregation=count",
  "metric=task_completion&aggregation=sum",
  "metric=cost_usd&aggregation=sum",
  "metric=response_time&aggregation=p50",
  "metric=response_time&aggregation=p95",
  "metric=oldest_message_age&aggregation=max",
];
const CHARTS_MS = 5000;
const CHART_RANGE_MS = 900_000;
const CHART_STEP_MS = 15_000;
/** One in so many messages asks for an answer, and gets one. */
const REQUEST_EVERY = 10;

class FleetDriver {
  readonly #order: FleetOrder;
  readonly #callers: readonly (Caller & { readonly id: string })[];
  counts = noCounts();

  constructor(order: FleetOrder) {
    this.#order = order;
    const { host, port } = order;
    this.#callers = order.agents.map(({ id, key }) => ({ id, host, port, key }));
  }

  /** Everything at its rate, for as long as the process lives; resolves when all lines are open. */
  async start(): Promise<void> {
    const { agents, heartbeatSeconds, messagesPerSecond, samplesPerSecond } = this.#order;
    this.#repeat(agents.length / heartbeatSeconds, (turn) => this.#heartbeat(turn));
    const claimers = this.#callers.slice(0, this.#order.claimers);
    for (const [index, caller] of claimers.entries()) {
      void this.#work(caller);
      // So many lines at once would only measure the accept queue.
      if (index % 20 === 19) await sleep(20);
    }
    this.#repeat(messagesPerSecond, (turn) => this.#send(turn));
    this.#repeat(samplesPerSecond / SAMPLES_PER_BATCH, (turn) => this.#record(turn));
    this.#repeat(1, () => this.#discover());
    for (let page = 0; page < this.#order.pages; page++) void this.#watch(page === 0);
  }

  /** Does `deed` so often a second, evenly. */
  #repeat(perSecond: number, deed: (turn: number) => Promise<unknown>): void {
    const startedMs = performance.now();
    let done = 0;
    setInterval(() => {
      const due = ((performance.now() - startedMs) / 1000) * perSecond;
      for (; done < due; done++) deed(done).catch((error: unknown) => this.#fail(error));
    }, 5);
  }

  #fail(error: unknown): void {
    this.counts.failures++;
    this.counts.failure ??= String(error);
  }

  #caller(turn: number): Caller & { readonly id: string } {
    const caller = this.#callers[turn % this.#callers.length];
    if (caller === undefined) throw new RangeError("The fleet has no agents");
    return caller;
  }

  async #heartbeat(turn: number): Promise<void> {
    const caller = this.#caller(turn);
    const process = { cpuPercent: 3, memoryBytes: 50e6, processes: 2 };
    await ask(caller, "POST", `/api/v1/agents/${caller.id}/heartbeat`, { process });
    this.counts.heartbeats++;
  }

  /** Claims, works for nothing, settles, claims again. */
  async #work(caller: Caller & { readonly id: string }): Promise<void> {
    const path = `/api/v1/inbox/${caller.id}/claim`;
    for (;;) {
      try {
        const { messages } = await ask(caller, "POST", path, { max: 4, waitMs: 30_000 });
        if (!Array.isArray(messages)) throw new Error("A claim without messages");
        for (const { token, message } of messages) {
          const report = message.expectsReply === true ? { reply: { ok: true } } : {};
          await ask(caller, "POST", "/api/v1/leases/done", { token, ...report });
          this.counts.settled++;
        }
      } catch (error) {
        this.#fail(error);
        await sleep(1000);
      }
    }
  }

  async #send(turn: number): Promise<void> {
    const { claimers } = this.#order;
    const caller = this.#caller(turn * 7 + 3);
    const recipientId = this.#caller((turn * 13) % claimers).id;
    await ask(caller, "POST", "/api/v1/messages", {
      recipientId,
      type: "report",
      conversationId: `conversation-${turn % 10_000}`,
      expectsReply: turn % REQUEST_EVERY === 0,
      payload: { step: `step-${turn}`, file: "src/send-desk.ts", score: 0.875 },
    });
    this.counts.sends++;
  }

  /** One agent's values of a while, as a client library sends them. */
  async #record(turn: number): Promise<void> {
    const caller = this.#caller(turn);
    const samples = Array.from({ length: SAMPLES_PER_BATCH }, (_, index) => ({
      metric: METRICS[index % METRICS.length],
      value: ((turn * 31 + index * 17) % 1000) / 100,
    }));
    await ask(caller, "POST", "/api/v1/metrics", { samples });
    this.counts.samples += samples.length;
  }

  async #discover(): Promise<void> {
    await ask(
      this.#caller(this.counts.discoveries),
      "GET",
      "/api/v1/agents?capability=sort&limit=5",
    );
    this.counts.discoveries++;
  }

  /** A page: the live stream, and what the Overview reads beside it. One is loaded anew at times. */
  async #watch(reloads: boolean): Promise<void> {
    const { host, port, adminKey: key } = this.#order;
    const caller = { host, port, key };
    for (;;) {
      try {
        const stream = await open(caller, "/api/v1/stream");
        this.counts.pageLoads++;
        stream.on("data", (chunk: Buffer) => (this.counts.pageBytes += chunk.length));
        const ended = once(stream, "close");
        const leave = reloads ? setTimeout(() => stream.destroy(), 10_000) : undefined;
        const charts = setInterval(() => void this.#charts(caller), CHARTS_MS);
        await this.#charts(caller);
        await ended;
        clearInterval(charts);
        clearTimeout(leave);
      } catch (error) {
        this.#fail(error);
        await sleep(1000);
      }
    }
  }

  /** The Overview's charts over its default range. */
  async #charts(caller: Caller): Promise<void> {
    const toMs = Math.ceil(Date.now() / CHART_STEP_MS) * CHART_STEP_MS;
    const range = `fromMs=${toMs - CHART_RANGE_MS}&toMs=${toMs}&stepMs=${CHART_STEP_MS}`;
    const asked = CHARTS.map(async (query) => {
      await ask(caller, "GET", `/api/v1/metrics/series?${query}&${range}`);
      this.counts.charts++;
    });
    for (const outcome of await Promise.allSettled(asked)) {
      if (outcome.status === "rejected") this.#fail(outcome.reason);
    }
  }
}

function noCounts(): FleetCounts {
  return {
    heartbeats: 0,
    sends: 0,
    settled: 0,
    samples: 0,
    pageBytes: 0,
    pageLoads: 0,
    discoveries: 0,
    charts: 0,
    failures: 0,
    failure: null,
  };
}

if (import.meta.main) {
  let driver: FleetDriver | undefined;
  process.on("message", (order: FleetOrder | "counts") => {
    if (order === "counts") {
      process.send?.(driver?.counts);
      if (driver !== undefined) driver.counts = noCounts();
      return;
    }
    driver = new FleetDriver(order);
    driver.start().then(
      () => process.send?.("ready"),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  // Without the benchmark there is nobody to drive for.
  process.on("disconnect", () => process.exit(0));
}
