// What a handler gets: the message, with a way to answer it, and the delivery, with a way to say
// how far it is. Settling is the inbox's business; a handler just returns or throws.

import { BoundLine } from "./line.ts";
import type { Line } from "./line.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import type { ProgressUpdate } from "./progress-reporter.ts";
import type { CallContext } from "./runtime.ts";
import type { ClaimedMessage, JsonValue, Message, MessageType, SendReceipt } from "./wire.ts";
import type { SendOptions } from "./send-options.ts";

/** How to answer a message. */
export interface ReplyOptions extends SendOptions {
  /** @default "direct" */
  readonly type?: MessageType;
}

/** A message as its handler sees it. */
export interface IncomingMessage<Payload = JsonValue> extends Message<Payload> {
  /** Answers the sender, within the same conversation; resolves once the answer is durable. */
  reply(payload: unknown, options?: ReplyOptions): Promise<SendReceipt>;
}

/**
 * Handles one message. What it returns is the result (and, for a request, the answer if it did
 * not `reply()` itself). Throwing hands the message out again later, with growing delays;
 * `RetryLater` and `DeadLetter` say precisely what shall happen.
 */
export type Handler<Payload = JsonValue> = (
  message: IncomingMessage<Payload>,
  delivery: Delivery,
) => unknown;

/** One copy of a message, held under a lease while its handler runs. */
export class Delivery extends BoundLine {
  readonly id: string;
  /** The task made of the message, for a task_assignment. */
  readonly taskId: string | null;
  /** Aborted when the phone closes and cannot wait for the handler any longer. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #reporter: ProgressReporter;
  #claimed: ClaimedMessage;
  /** Set once the handler replied by itself. */
  replied = false;

  /** @param send reports progress under the token given. */
  constructor(
    claimed: ClaimedMessage,
    send: (token: string, update: ProgressUpdate) => Promise<unknown>,
    line: Line,
    context: CallContext,
  ) {
    super(line, context);
    this.id = claimed.deliveryId;
    this.taskId = claimed.taskId;
    this.signal = this.#controller.signal;
    this.#claimed = claimed;
    this.#reporter = new ProgressReporter((update) => send(this.token, update));
  }

  /** The lease's fencing token; a later one when the message was handed out again meanwhile. */
  get token(): string {
    return this.#claimed.token;
  }

  /** How often the message has been handed out, from 1. */
  get attempt(): number {
    return this.#claimed.attempt;
  }

  /** How long the lease lasts unless extended; heartbeats extend it. */
  get leaseMs(): number {
    return this.#claimed.leaseMs;
  }

  /**
   * Says how far the work is; counts as output, so that the agent is not seen as stuck.
   * Costs nothing to call often: only the newest report is sent.
   * @param progress from 0 to 1
   * @throws RangeError when `progress` is not between 0 and 1.
   */
  progress(progress?: number, note?: string): void {
    this.#reporter.report(progress, note);
  }

  /** The same message was handed out again while its handler still runs: go on under this lease. */
  adopt(claimed: ClaimedMessage): void {
    this.#claimed = claimed;
  }

  /** The handler has ended: the last progress report goes out, then no more. */
  async finish(): Promise<void> {
    await this.#reporter.stop();
  }

  /** The handler's time is over. */
  abort(): void {
    this.#controller.abort();
  }
}
