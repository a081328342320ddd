// A program that tests kill: stores messages, services and alerts in turn through a LedgerClient,
// several at once, and writes each id to stdout the moment it is acknowledged.
// Usage: node ledger-writer.ts <ledger.db> <id prefix> <how many> <how many at once>

import { writeSync } from "node:fs";

import type { CommunicationRecord } from "../../src/communication/index.ts";
import type { Alert } from "../../src/dashboard/index.ts";
import type { ServiceRecord } from "../../src/gateway/index.ts";
import { LedgerClient } from "../../src/threads/index.ts";

const [file = "", prefix = "", total = "0", atOnce = "1"] = process.argv.slice(2);
const ledger = await LedgerClient.open(file, { readers: 1 });
let next = 0;
await Promise.all(Array.from({ length: Number(atOnce) }, appendInTurn));
await ledger.close();

async function appendInTurn(): Promise<void> {
  while (next < Number(total)) {
    const number = next++;
    const id = `${prefix}${String(number).padStart(6, "0")}`;
    if (number % 3 === 0) await ledger.append("default", [acceptedMessage(id, number)]);
    else if (number % 3 === 1) await ledger.putService(registeredService(id, number));
    else await ledger.putAlerts("default", [raisedAlert(id, number)]);
    say(`${id}\n`);
  }
}

/** Writes to stdout at once; a reader that is behind (EAGAIN) is waited for. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      const behind = error instanceof Error && "code" in error && error.code === "EAGAIN";
      if (!behind) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function registeredService(id: string, number: number): ServiceRecord {
  return {
    namespace: "default",
    id,
    name: "a service",
    version: "v1",
    endpoints: [{ baseUrl: "http://127.0.0.1:8001", weight: 1 }],
    paths: [],
    rewrite: "version",
    healthCheckUrl: null,
    rateLimit: null,
    agentRateLimit: null,
    requestTimeoutMs: null,
    retries: 0,
    credential: null,
    metadata: {},
    registeredAtMs: 1_700_000_000_000,
    position: number,
  };
}

function raisedAlert(id: string, number: number): Alert {
  const atMs = 1_700_000_000_000 + number;
  return {
    id,
    namespace: "default",
    key: `manual:${number}`,
    rule: "manual",
    level: "error",
    message: "search answers 62% of calls with errors",
    source: "service:search",
    labels: {},
    context: {},
    agentIds: ["alice"],
    traceId: null,
    value: null,
    threshold: null,
    state: "firing",
    startsAtMs: atMs,
    updatedAtMs: atMs,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
  };
}

function acceptedMessage(id: string, number: number): CommunicationRecord {
  const shared = { id, priority: "normal", acceptedAtMs: 1_700_000_000_000 + number } as const;
  return {
    kind: "message",
    message: {
      ...shared,
      namespace: "default",
      senderId: "alice",
      recipientId: "bob",
      type: "direct",
      payload: { number, text: "some words of a usual length for a message" },
      conversationId: `talk-${number % 16}`,
      replyToId: null,
      expectsReply: false,
      orderingKey: null,
      dedupeKey: null,
      traceparent: null,
      task: null,
    },
    deliveries: [
      {
        ...shared,
        messageId: id,
        recipientId: "bob",
        sequence: number + 1,
        state: "ready",
        attempts: 0,
        visibleAtMs: null,
        deliveredAtMs: null,
        settledAtMs: null,
        answeredAtMs: null,
        answerId: null,
        deadReason: null,
        note: null,
        result: null,
      },
    ],
    dedupeUntilMs: null,
  };
}
