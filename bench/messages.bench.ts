// What an acknowledged send costs another process: our server, whose acknowledgement means
// synced to disk, beside Debian's NATS JetStream, whose acknowledgement means written to a file.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Benchmark, BenchmarkReport, MeasuredRow } from "./benchmark.ts";
import { BATCH_MESSAGES } from "./message-client.ts";
import type { SendFigures, SendJob, SenderOptions } from "./message-client.ts";
import {
  makeWriteThrough,
  natsRefusal,
  requireNats,
  startCellphone,
  startNats,
} from "./message-servers.ts";
import type { MessageServer } from "./message-servers.ts";

const IN_FLIGHT = 256;
const ROUNDS = 7;
const WARM_UP_ROUNDS = 2;
const WINDOW: SendJob = { messages: 64 * 128, inFlight: IN_FLIGHT };
const ONE_BY_ONE: SendJob = { messages: 400, inFlight: 1 };
const SYNC_ALWAYS = "sync_interval: always";
/** As many inboxes as a fleet has; none fills up within a run. */
const RECIPIENTS = Array.from({ length: 64 }, (_, index) => `worker-${index + 1}`);

/** A way to send, with the process that does it and what it measured. */
class Line {
  readonly name: string;
  readonly server: MessageServer;
  /** Whether it is compared at one in flight: a batch has another size. */
  readonly single: boolean;
  readonly rates: number[] = [];
  readonly p50Us: number[] = [];
  readonly p99Us: number[] = [];
  sent = 0;
  readonly #child: ChildProcess;

  private constructor(name: string, server: MessageServer, child: ChildProcess, single: boolean) {
    this.name = name;
    this.server = server;
    this.single = single;
    this.#child = child;
  }

  static async open(name: string, server: MessageServer, options: SenderOptions): Promise<Line> {
    const file = path.join(import.meta.dirname, "message-client.ts");
    const child = fork(file, [JSON.stringify(options)]);
    const line = new Line(name, server, child, options.kind !== "cellphone batch");
    await line.#answer();
    return line;
  }

  async perform(job: SendJob): Promise<SendFigures> {
    this.#child.send(job);
    const figures = await this.#answer();
    this.sent += job.messages;
    return figures;
  }

  close(): void {
    this.#child.kill();
  }

  /** The next message of the client: after its first, "ready", each is what a job measured. */
  async #answer(): Promise<SendFigures> {
    const ending = new AbortController();
    const { signal } = ending;
    try {
      const [answer]: SendFigures[] = await Promise.race([
        once(this.#child, "message", { signal }),
        once(this.#child, "exit", { signal }).then(([code]) => {
          throw new Error(`The client of "${this.name}" ended with ${String(code)}`);
        }),
      ]);
      if (answer === undefined) throw new Error(`The client of "${this.name}" said nothing`);
      return answer;
    } finally {
      ending.abort();
    }
  }
}

/** Alternating rounds: each begins with another line, warm-up rounds are not counted. */
async function measure(lines: readonly Line[]): Promise<void> {
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (let turn = 0; turn < lines.length; turn++) {
      const line = lines[(turn + round + WARM_UP_ROUNDS) % lines.length];
      if (line === undefined) continue;
      const { messagesPerSecond } = await line.perform(WINDOW);
      const single = line.single ? await line.perform(ONE_BY_ONE) : undefined;
      if (round < 0) continue;
      line.rates.push(messagesPerSecond);
      if (single === undefined) continue;
      line.p50Us.push(single.p50Us);
      line.p99Us.push(single.p99Us);
    }
  }
}

/** What the disk itself takes to make 4 KiB durable, in microseconds: the floor of every sync. */
function diskSyncUs(folder: string): number[] {
  const file = openSync(path.join(folder, "probe"), "w");
  const page = Buffer.alloc(4096, 1);
  const tookUs: number[] = [];
  for (let index = 0; index < 200; index++) {
    const startedMs = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    tookUs.push((performance.now() - startedMs) * 1000);
  }
  closeSync(file);
  return tookUs;
}

/** A line that lost or doubled messages has no figure. */
async function expectAll(lines: readonly Line[]): Promise<void> {
  for (const server of new Set(lines.map((line) => line.server))) {
    const own = lines.filter((line) => line.server === server);
    const sent = own.reduce((sum, line) => sum + line.sent, 0);
    const held = await server.messages();
    if (held === sent) continue;
    throw new Error(`"${own[0]?.name}" holds ${held} messages of ${sent} acknowledged ones`);
  }
}

function show(
  report: BenchmarkReport,
  lines: readonly Line[],
  peer: Line,
  disk: readonly number[],
): void {
  const group = `peer: ${peer.name}`;
  const rows = (
    select: (line: Line) => readonly number[],
    unit: string,
    better: "lower" | "higher",
  ): MeasuredRow[] =>
    lines
      .filter((line) => select(line).length > 0)
      .map((line) => {
        const { name } = line;
        return { name, rounds: select(line), unit, better, peer: line === peer };
      });
  const rates = rows((line) => line.rates, "messages/s", "higher");
  report.add(`${IN_FLIGHT} in flight; ${group}`, rates);
  report.add(`one at a time, p50; ${group}`, [
    ...rows((line) => line.p50Us, "µs", "lower"),
    { name: "the disk: 4 KiB written and synced", rounds: disk, unit: "µs", part: true },
  ]);
  report.add(
    `one at a time, p99; ${group}`,
    rows((line) => line.p99Us, "µs", "lower"),
  );
}

async function run(report: BenchmarkReport, folder: string, open: Disposable[]): Promise<void> {
  const nats = requireNats();
  const servers = new AsyncDisposableStack();
  await using _servers = servers;
  const use = <Server extends MessageServer>(server: Server): Server => {
    servers.defer(() => server.stop());
    return server;
  };
  const line = async (
    name: string,
    server: MessageServer,
    options: SenderOptions,
  ): Promise<Line> => {
    const opened = await Line.open(name, server, options);
    open.push({ [Symbol.dispose]: () => opened.close() });
    return opened;
  };
  const recipients = RECIPIENTS;
  const ours = use(await startCellphone(path.join(folder, "cellphone"), recipients));
  const { url, key } = ours;
  const shipped = use(await startNats(nats.program, path.join(folder, "nats")));
  const peer = await line("NATS JetStream, as shipped", shipped, {
    kind: "nats",
    port: shipped.port,
    recipients,
  });
  const lines = [
    peer,
    await line("ours, one message a request", ours, { kind: "cellphone", url, key, recipients }),
    await line(`ours, ${BATCH_MESSAGES} messages a request`, ours, {
      kind: "cellphone batch",
      url,
      key,
      recipients,
    }),
  ];
  const syncedFolder = path.join(folder, "nats-synced");
  const writeThrough = makeWriteThrough(syncedFolder);
  const refusal = natsRefusal(nats.program, syncedFolder, SYNC_ALWAYS);
  let synced: Line | undefined;
  if (refusal === undefined || writeThrough) {
    const option = refusal === undefined ? SYNC_ALWAYS : "";
    const server = use(await startNats(nats.program, syncedFolder, option));
    const how = refusal === undefined ? SYNC_ALWAYS : "files written through";
    synced = await line(`NATS JetStream, ${how}`, server, {
      kind: "nats",
      port: server.port,
      recipients,
    });
    lines.push(synced);
  }
  await measure(lines);
  await expectAll(lines);
  const disk = diskSyncUs(folder);
  show(report, lines, peer, disk);
  if (synced !== undefined) {
    show(
      report,
      lines.filter((one) => one !== peer),
      synced,
      disk,
    );
  }
  explain(report, nats.version, refusal, writeThrough);
}

function explain(
  report: BenchmarkReport,
  version: string,
  refusal: string | undefined,
  writeThrough: boolean,
): void {
  report.note(
    `nats-server ${version}, one stream in files, no replicas, a subject per inbox. As shipped ` +
      "it syncs every 2 minutes: its acknowledgement means written to the file, and a power cut " +
      "may take the last 2 minutes. Ours means synced (fdatasync), always.",
  );
  if (refusal !== undefined) {
    report.note(
      `nats-server ${version} has no sync per message (asked for "${SYNC_ALWAYS}" it says: ` +
        `${refusal}). ` +
        (writeThrough
          ? "So its folder was given the attribute S of ext4 (chattr +S): every write of its " +
            "files, one per message, returns only when it is on disk."
          : "This file system has no attribute for it either, so there is no such row."),
    );
  }
  report.note(
    `The same 200 bytes of JSON to ${RECIPIENTS.length} inboxes; each contender has a client ` +
      "process of its own (node): NATS' own client over one connection, ours node:http with an " +
      `agent's key over up to ${IN_FLIGHT} connections. Servers and clients share the machine.`,
  );
  report.note(
    "Ours also checks the caller and the input, indexes the message for search and " +
      "conversations, and opens its receipt; JetStream appends to a log. After the rounds both " +
      "servers were asked, and hold every acknowledged message.",
  );
}

export const benchmark: Benchmark = {
  name: "messages",
  description: "acknowledged sends from another process, beside NATS JetStream",
  async run(report) {
    const folder = mkdtempSync(path.join(tmpdir(), "cellphone-bench-"));
    const open: Disposable[] = [];
    try {
      await run(report, folder, open);
    } finally {
      for (const one of open) one[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    }
  },
};
