// The client of the benchmark "messages", a process of its own: sends as many messages as it is
// told, so many at a time, each counted only when its acknowledgement came and was looked at.
// Its one argument is a SenderOptions as JSON; jobs and figures travel over the IPC channel.

import { Agent, request } from "node:http";

/** Whom to send through. */
export type SenderOptions =
  | {
      readonly kind: "cellphone" | "cellphone batch";
      readonly url: string;
      readonly key: string;
      readonly recipients: readonly string[];
    }
  | { readonly kind: "nats"; readonly port: number; readonly recipients: readonly string[] };

/** What to send. */
export interface SendJob {
  readonly messages: number;
  /** Messages sent and not yet acknowledged, at most. */
  readonly inFlight: number;
}

/** How it went. */
export interface SendFigures {
  readonly messagesPerSecond: number;
  /** From handing a message (or batch) in to its acknowledgement, in microseconds. */
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Messages of one batch. */
export const BATCH_MESSAGES = 64;

interface Sender {
  /** Messages that one call sends. */
  readonly atOnce: number;
  /** Resolves when messages `from` to `from + atOnce - 1` are acknowledged, else throws. */
  send(from: number): Promise<void>;
}

/** What an agent reports of a step: 200 bytes as JSON. */
function payload(number: number): object {
  return {
    step: `step-${String(number).padStart(9, "0")}`,
    file: "src/communication/send-desk.ts",
    summary: "the two callers pass the same options; the second one never reads its answer",
    score: 0.875,
    tokens: { input: 1834, output: 212 },
  };
}

function recipientOf(recipients: readonly string[], number: number): string {
  const recipient = recipients[number % recipients.length];
  if (recipient === undefined) throw new RangeError("No recipients were given");
  return recipient;
}

type Cellphone = Extract<SenderOptions, { readonly url: string }>;

function cellphoneSender({ kind, url, key, recipients }: Cellphone): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const message = (number: number): object => ({
    recipientId: recipientOf(recipients, number),
    type: "report",
    payload: payload(number),
  });
  const post = poster(agent, key);
  if (kind === "cellphone") {
    const target = new URL("/api/v1/messages", url);
    return {
      atOnce: 1,
      async send(from) {
        const answer = await post(target, message(from), 201);
        if (!isAccepted(answer)) throw new Error(`No acknowledgement: ${JSON.stringify(answer)}`);
      },
    };
  }
  const target = new URL("/api/v1/messages/batch", url);
  return {
    atOnce: BATCH_MESSAGES,
    async send(from) {
      const messages = Array.from({ length: BATCH_MESSAGES }, (_, index) => message(from + index));
      const answer = await post(target, { messages }, 200);
      const results: unknown = isObject(answer) ? answer["results"] : undefined;
      const complete = Array.isArray(results) && results.length === BATCH_MESSAGES;
      if (!complete || !results.every(isAccepted)) {
        throw new Error(`Not all acknowledged: ${JSON.stringify(answer).slice(0, 500)}`);
      }
    },
  };
}

function poster(agent: Agent, key: string) {
  return async (target: URL, body: object, expected: number): Promise<unknown> => {
    const text = JSON.stringify(body);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const { hostname: host, port, pathname: path } = target;
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      "x-cellphone-key": key,
    };
    const outgoing = request({ agent, host, port, path, method: "POST", headers }, (response) => {
      let answer = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (answer += chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === expected) resolve(JSON.parse(answer));
        else reject(new Error(`${path} answered ${response.statusCode}: ${answer}`));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(text);
    return promise;
  };
}

function isAccepted(result: unknown): boolean {
  return isObject(result) && typeof result["messageId"] === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

async function natsSender(port: number, recipients: readonly string[]): Promise<Sender> {
  const { connect } = await import("@nats-io/transport-node");
  const { jetstream } = await import("@nats-io/jetstream");
  const client = jetstream(await connect({ port }));
  return {
    atOnce: 1,
    async send(from) {
      const subject = `inbox.${recipientOf(recipients, from)}`;
      const { seq, duplicate } = await client.publish(subject, JSON.stringify(payload(from)));
      if (!(seq > 0) || duplicate) throw new Error(`No new message: ${seq}`);
    },
  };
}

async function perform(sender: Sender, job: SendJob): Promise<SendFigures> {
  const calls = Math.ceil(job.messages / sender.atOnce);
  const tookUs: number[] = [];
  let next = 0;
  const sendInTurn = async (): Promise<void> => {
    while (next < calls) {
      const from = next++ * sender.atOnce;
      const startedMs = performance.now();
      await sender.send(from);
      tookUs.push((performance.now() - startedMs) * 1000);
    }
  };
  const lanes = Math.max(1, Math.floor(job.inFlight / sender.atOnce));
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: lanes }, sendInTurn));
  const tookMs = performance.now() - startedMs;
  tookUs.sort((a, b) => a - b);
  const quantile = (q: number): number => tookUs[Math.floor(q * (tookUs.length - 1))] ?? NaN;
  return {
    messagesPerSecond: (calls * sender.atOnce * 1000) / tookMs,
    p50Us: quantile(0.5),
    p99Us: quantile(0.99),
  };
}

if (import.meta.main) {
  const options: SenderOptions = JSON.parse(process.argv[2] ?? "");
  const sender =
    options.kind === "nats"
      ? await natsSender(options.port, options.recipients)
      : cellphoneSender(options);
  process.on("message", (job: SendJob) => {
    perform(sender, job).then(
      (figures) => process.send?.(figures),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.send?.("ready");
}
