// The agent's end of its inbox: claims by long poll, runs handlers side by side, settles.
// A handler runs once per delivery in this process even when leases are lost (a restarted server
// voids them): a message handed out again while its handler runs goes on under the new lease, and
// one whose handler has ended is settled with the outcome it had.

import { backoffMs } from "./backoff.ts";
import { Delivery } from "./delivery.ts";
import type { Handler, IncomingMessage, ReplyOptions } from "./delivery.ts";
import { sleep } from "./duration.ts";
import { CellphoneClientError, DeadLetter, RetryLater } from "./errors.ts";
import type { ClientLog } from "./log.ts";
import type { Line } from "./line.ts";
import type { ProgressUpdate } from "./progress-reporter.ts";
import type { CallContext, Runtime } from "./runtime.ts";
import { isRefused } from "./transport.ts";
import type { Transport } from "./transport.ts";
import type { ClaimedMessage, Message, SendReceipt } from "./wire.ts";

/** How a handler ended, as the body of the settling call. */
type Outcome =
  | {
      readonly kind: "done";
      readonly body: { readonly result?: unknown; readonly reply?: unknown };
    }
  | { readonly kind: "retry"; readonly body: { readonly delayMs?: number; readonly note: string } }
  | { readonly kind: "dead-letter"; readonly body: { readonly note: string } };

/** Outcomes kept for messages whose lease was lost before they could be settled. */
const OUTCOMES_MAX = 1000;
const NOTE_LENGTH_MAX = 500;
const EMPTY_POLL_MS = 200;

/** What an {@link Inbox} needs. */
export interface InboxOptions {
  readonly agentId: string;
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly log: ClientLog;
  /** Handlers running at once. */
  readonly concurrency: number;
  /** How long one claim waits for mail. */
  readonly pollMs: number;
  readonly line: Line;
  reply(message: Message, payload: unknown, options?: ReplyOptions): Promise<SendReceipt>;
  /** Leases were taken: they want extending. */
  onTaken(): void;
  /** True when the message answers a request that waits (or waited) for it: no handler's business. */
  isAwaitedReply(message: Message): boolean;
  /** The server does not know us (404) or refuses the key (401); resolves when to go on. */
  onRefused(error: CellphoneClientError): Promise<void>;
}

/** Claims and handles one agent's messages. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #handlers = new Map<string, Handler>();
  readonly #running = new Map<string, { delivery: Delivery; ended: Promise<void> }>();
  readonly #outcomes = new Map<string, Outcome>();
  readonly #closing = new AbortController();
  /** Handlers given up at close: whatever they still return is not theirs to settle. */
  readonly #abandoned = new Set<Delivery>();
  #loop: Promise<void> | undefined;
  /** Ends the claim that is open. */
  #claiming: AbortController | undefined;
  #wake: () => void = () => undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Tokens of the leases held, and the shortest of these leases. */
  get held(): { readonly tokens: readonly string[]; readonly leaseMs: number } {
    const deliveries = [...this.#running.values()].map((entry) => entry.delivery);
    return {
      tokens: deliveries.map((delivery) => delivery.token),
      leaseMs: Math.min(Infinity, ...deliveries.map((delivery) => delivery.leaseMs)),
    };
  }

  /**
   * Registers a handler; claiming starts in the next turn, so that all handlers are there, and
   * pauses while there is none.
   */
  on(type: string, handler: Handler): () => void {
    if (this.#handlers.has(type)) throw new TypeError(`"${type}" has a handler already`);
    this.#handlers.set(type, handler);
    if (this.#loop === undefined) {
      this.#loop = sleep(0, this.#closing.signal).then(() => this.#claimAll());
    }
    this.#wake();
    return () => this.#takeAway(type, handler);
  }

  #takeAway(type: string, handler: Handler): void {
    if (this.#handlers.get(type) === handler) this.#handlers.delete(type);
    // Not at once: a handler put in its place goes on with the claim that is open.
    queueMicrotask(() => {
      if (this.#handlers.size === 0) this.#claiming?.abort();
    });
  }

  /**
   * Claims nothing more and waits for the handlers that run; those that do not end within
   * `drainMs` are aborted and their messages handed back.
   */
  async close(drainMs: number): Promise<void> {
    this.#closing.abort();
    this.#claiming?.abort();
    this.#wake();
    await this.#loop;
    const ended = Promise.allSettled([...this.#running.values()].map((entry) => entry.ended));
    const enough = new AbortController();
    await Promise.race([ended, sleep(drainMs, enough.signal)]);
    enough.abort();
    await Promise.all([...this.#running.values()].map(({ delivery }) => this.#handBack(delivery)));
  }

  async #handBack(delivery: Delivery): Promise<void> {
    this.#abandoned.add(delivery);
    delivery.abort();
    const body = { token: delivery.token, delayMs: 0, note: "the agent closed before it was done" };
    await this.#options.transport
      .call("POST", "/api/v1/leases/retry", { body, retryForMs: 0, timeoutMs: 5000 })
      .catch((error: unknown) => this.#options.log.warn(`Handing back failed: ${text(error)}`));
  }

  async #claimAll(): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      const free = this.#options.concurrency - this.#running.size;
      if (free <= 0 || this.#handlers.size === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const startMs = performance.now();
      const claiming = new AbortController();
      this.#claiming = claiming;
      try {
        const messages = await this.#claim(free, claiming.signal);
        for (const claimed of messages) this.#take(claimed);
        if (messages.length > 0) this.#options.onTaken();
        failures = 0;
        // A server that drains answers at once; do not spin meanwhile.
        const early = messages.length === 0 && performance.now() - startMs < EMPTY_POLL_MS;
        if (early) await sleep(EMPTY_POLL_MS, this.#closing.signal);
      } catch (error) {
        if (!claiming.signal.aborted) await this.#afterFailure(error, ++failures);
      }
    }
  }

  async #claim(max: number, signal: AbortSignal): Promise<readonly ClaimedMessage[]> {
    const { agentId, pollMs, transport } = this.#options;
    const answer = await transport.call<{ readonly messages: readonly ClaimedMessage[] }>(
      "POST",
      `/api/v1/inbox/${encodeURIComponent(agentId)}/claim`,
      {
        body: { max, waitMs: pollMs },
        signal,
        timeoutMs: pollMs + 15_000,
        retryForMs: 0,
      },
    );
    return answer.messages;
  }

  async #afterFailure(error: unknown, failures: number): Promise<void> {
    if (!(error instanceof CellphoneClientError)) {
      this.#options.log.error(`Claiming failed: ${text(error)}`);
      return sleep(backoffMs(failures, undefined), this.#closing.signal);
    }
    if (error.status === 401 || error.status === 403 || error.status === 404) {
      await this.#options.onRefused(error);
    } else if (!error.retryable) this.#options.log.warn(`Claiming failed: ${error.message}`);
    await sleep(backoffMs(failures, error.retryAfterMs), this.#closing.signal);
  }

  #take(claimed: ClaimedMessage): void {
    const running = this.#running.get(claimed.deliveryId);
    if (running !== undefined) {
      this.#options.log.debug(`Message ${claimed.message.id} goes on under a new lease`);
      running.delivery.adopt(claimed);
      return;
    }
    const report = (token: string, update: ProgressUpdate): Promise<unknown> =>
      this.#options.transport.call("POST", "/api/v1/leases/progress", {
        body: { token, ...update },
        retryForMs: 0,
      });
    const delivery = new Delivery(claimed, report, this.#options.line, contextOf(claimed));
    const ended = this.#handle(claimed, delivery).finally(() => {
      this.#running.delete(delivery.id);
      this.#wake();
    });
    this.#running.set(delivery.id, { delivery, ended });
  }

  async #handle(claimed: ClaimedMessage, delivery: Delivery): Promise<void> {
    const known = this.#outcomes.get(delivery.id);
    this.#outcomes.delete(delivery.id);
    const outcome = known ?? (await this.#run(claimed, delivery));
    await delivery.finish();
    if (!this.#abandoned.has(delivery)) await this.#settle(delivery, outcome);
  }

  async #run(claimed: ClaimedMessage, delivery: Delivery): Promise<Outcome> {
    const { message } = claimed;
    if (this.#options.isAwaitedReply(message)) return { kind: "done", body: {} };
    const handler = this.#handlers.get(message.type) ?? this.#handlers.get("*");
    if (handler === undefined) return this.#unhandled(message);
    const context = contextOf(claimed);
    const incoming: IncomingMessage = {
      ...message,
      reply: async (payload, options) => {
        delivery.replied = true;
        return this.#options.reply(message, payload, options);
      },
    };
    try {
      const result = await this.#options.runtime.within(context, () => handler(incoming, delivery));
      const answer = message.expectsReply && !delivery.replied ? { reply: result ?? null } : {};
      return { kind: "done", body: { ...(result === undefined ? {} : { result }), ...answer } };
    } catch (error) {
      return this.#failure(message, error);
    }
  }

  #failure(message: Message, error: unknown): Outcome {
    const note = text(error).slice(0, NOTE_LENGTH_MAX);
    if (error instanceof DeadLetter) return { kind: "dead-letter", body: { note } };
    if (error instanceof RetryLater) {
      const delay = error.delayMs === undefined ? {} : { delayMs: error.delayMs };
      return { kind: "retry", body: { note, ...delay } };
    }
    this.#options.log.warn(`The handler of "${message.type}" failed, will retry: ${note}`);
    return { kind: "retry", body: { note } };
  }

  /**
   * Answers and notices that nobody asked for, and what was meant for everybody, are taken note of;
   * anything else is set aside.
   */
  #unhandled(message: Message): Outcome {
    if (message.type === "delivery_failed") {
      const shown = JSON.stringify(message.payload).slice(0, NOTE_LENGTH_MAX);
      this.#options.log.warn(`A message could not be delivered: ${shown}`);
      return { kind: "done", body: {} };
    }
    if (message.replyToId !== null) return { kind: "done", body: {} };
    if (message.recipientId === null && !message.expectsReply) {
      return { kind: "done", body: { result: { note: "no handler" } } };
    }
    if (this.#handlers.size === 0) {
      // Claimed in the moment in which the last handler went.
      return { kind: "retry", body: { delayMs: 0, note: "the handler was taken away" } };
    }
    const note = `agent ${this.#options.agentId} has no handler for "${message.type}"`;
    this.#options.log.warn(`Message ${message.id} became a dead letter: ${note}`);
    return { kind: "dead-letter", body: { note } };
  }

  /** Settles under the newest lease; keeps the outcome when there is no valid lease just now. */
  async #settle(delivery: Delivery, outcome: Outcome): Promise<void> {
    const token = delivery.token;
    try {
      await this.#options.transport.call("POST", `/api/v1/leases/${outcome.kind}`, {
        body: { token, ...outcome.body },
      });
    } catch (error) {
      if (delivery.token !== token) return this.#settle(delivery, outcome);
      if (isRefused(error)) {
        // The outcome itself is at fault: trying again cannot help.
        const note = `the outcome was refused: ${text(error)}`.slice(0, NOTE_LENGTH_MAX);
        this.#options.log.warn(`Message of delivery ${delivery.id} set aside: ${note}`);
        if (outcome.kind === "dead-letter") return;
        return this.#settle(delivery, { kind: "dead-letter", body: { note } });
      }
      this.#remember(delivery, outcome, error);
    }
  }

  /** Only finished work is kept: a message to retry or set aside may well meet its handler again. */
  #remember(delivery: Delivery, outcome: Outcome, error: unknown): void {
    this.#options.log.warn(
      `Delivery ${delivery.id} could not be settled (${text(error)}); if its message is handed ` +
        "out again, finished work is not done twice",
    );
    if (outcome.kind !== "done") return;
    this.#outcomes.set(delivery.id, outcome);
    const oldest = this.#outcomes.keys().next();
    if (this.#outcomes.size > OUTCOMES_MAX && oldest.done !== true) {
      this.#outcomes.delete(oldest.value);
    }
  }
}

/** What everything a handler does is part of. */
function contextOf({ message, taskId }: ClaimedMessage): CallContext {
  return {
    inHandler: true,
    conversationId: message.conversationId,
    ...(message.traceparent === null ? {} : { traceparent: message.traceparent }),
    ...(taskId === null ? {} : { taskId }),
  };
}

function text(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
