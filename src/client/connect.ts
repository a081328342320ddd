// The way in: from options and environment to a phone that is registered and heartbeats.

import { resolveIdentity } from "./address.ts";
import { BatchSender } from "./batch-sender.ts";
import { parseDuration } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { consoleLog } from "./log.ts";
import type { ClientLog } from "./log.ts";
import { MetricSender } from "./metric-sender.ts";
import { OrderListeners } from "./order-listeners.ts";
import { Phone } from "./phone.ts";
import { ProfileTaker } from "./profile-taker.ts";
import { detectRuntime } from "./runtime.ts";
import { Session } from "./session.ts";
import type { AgentDescription } from "./session.ts";
import type { OutgoingSpan } from "./span.ts";
import { Transport } from "./transport.ts";

/** How to connect; in Node, what is absent comes from the environment. */
export interface ConnectOptions extends AgentDescription {
  /**
   * The server, or an enrolment URL (`http://enrol_…@host:port`), which is swapped for a key.
   * @default CELLPHONE_URL, else http://127.0.0.1:2355
   */
  readonly url?: string;
  /** The agent's key, or an enrolment token. @default CELLPHONE_KEY */
  readonly key?: string;
  /** The agent's name, which is its id. @default CELLPHONE_NAME, else the key's agent */
  readonly name?: string;
  /** Only an admin key chooses; an agent's key belongs to one. @default CELLPHONE_NAMESPACE */
  readonly namespace?: string;
  /** Handlers running at once. @default 1 */
  readonly concurrency?: number;
  /** How long to go on trying while no server answers. @default for ever */
  readonly connectTimeout?: Duration;
  /** How long a call is repeated while the server does not answer. @default "1m" */
  readonly retryFor?: Duration;
  /** How long one claim waits for mail, 60 s at most. @default "25s" */
  readonly poll?: Duration;
  /** Samples, and as many spans, kept while they cannot be sent. @default 10000 */
  readonly maxBufferedSamples?: number;
  /** @default warnings and errors to the console */
  readonly log?: ClientLog;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
}

/**
 * Connects an agent: enrols if need be, registers, heartbeats. Goes on trying while the server is
 * not up yet, and says so once.
 * @throws CellphoneClientError when the server refuses (a wrong key, a name in use), when no key
 *   or name is known, or when `connectTimeout` is over.
 *
 * @example needs a server
 * const phone = await connect({ name: "planner", capabilities: ["plan"] });
 * phone.record("queue_length", 3);
 * await phone.close();
 */
export async function connect(options: ConnectOptions = {}): Promise<Phone> {
  const log = options.log ?? consoleLog;
  const concurrency = options.concurrency ?? 1;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 256) {
    throw new RangeError(`concurrency is a whole number from 1 to 256, not ${concurrency}`);
  }
  const pollMs = Math.min(60_000, parseDuration(options.poll ?? "25s"));
  const runtime = await detectRuntime();
  const claim = resolveIdentity(options, (name) => runtime.environment(name));
  const transport = new Transport({
    baseUrl: claim.baseUrl,
    retryForMs: parseDuration(options.retryFor ?? "1m"),
    onReachable: reachabilityNews(claim.baseUrl, log),
    quietFetch: runtime.quietFetch,
  });
  const profiles = new ProfileTaker({ transport, runtime, log });
  const orders = new OrderListeners(log);
  // The phone comes last, and the session asks it what it holds.
  let phone: Phone | undefined;
  const session: Session = new Session({
    claim,
    description: describe(options),
    transport,
    runtime,
    log,
    held: () => phone?.held ?? { tokens: [], leaseMs: Number.POSITIVE_INFINITY },
    onPause: (paused) => orders.tellPause(paused),
    onProfile: (order) => profiles.take(order),
    hearsRestart: () => orders.hearsRestart,
    onRestart: () => orders.tellRestart(),
    onLost: (error) => void phone?.lose(error),
  });
  const { connectTimeout } = options;
  const patienceMs = connectTimeout === undefined ? Infinity : parseDuration(connectTimeout);
  await session.open(options.signal, patienceMs);
  const { maxBufferedSamples: capacity } = options;
  const sending = {
    transport,
    log,
    agentId: () => session.agentId,
    ...(capacity === undefined ? {} : { capacity }),
  };
  const metrics = new MetricSender(sending);
  const spans = new BatchSender<OutgoingSpan>({
    ...sending,
    path: "/api/v1/spans",
    noun: "spans",
    nameOf: ({ name }) => `Span "${name}"`,
  });
  phone = new Phone({
    transport,
    session,
    metrics,
    spans,
    profiles,
    orders,
    runtime,
    log,
    concurrency,
    pollMs,
  });
  return phone;
}

function describe(options: ConnectOptions): AgentDescription {
  const { kind, version, capabilities, endpoint, metadata } = options;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(version === undefined ? {} : { version }),
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** One line when the server goes, one when it is back. */
function reachabilityNews(
  url: string,
  log: ClientLog,
): (reachable: boolean, error?: Error) => void {
  let sinceMs = 0;
  return (reachable, error) => {
    if (reachable) {
      const seconds = Math.round((performance.now() - sinceMs) / 1000);
      log.warn(`${url} answers again, after ${seconds} s`);
      return;
    }
    sinceMs = performance.now();
    log.warn(`${error?.message ?? `${url} does not answer`}; trying again until it does`);
  };
}
