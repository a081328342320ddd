// Sends what was recorded (samples, spans) in batches, once a second and at the end, without ever
// making whoever records wait.

import { sleep } from "./duration.ts";
import { CellphoneClientError } from "./errors.ts";
import type { ClientLog } from "./log.ts";
import { OutgoingBuffer } from "./outgoing-buffer.ts";
import { wasNotSent } from "./transport.ts";
import type { Transport } from "./transport.ts";

const FLUSH_MS = 1000;
/** Small enough to stay below the server's body limit with generous contexts. */
const BATCH = 500;
/** Names whose refusal was told; more are refused in silence. */
const TOLD_MAX = 1000;

/** What a {@link BatchSender} needs. */
export interface BatchSenderOptions<Item> {
  readonly transport: Transport;
  readonly log: ClientLog;
  /** Known once the session is open. */
  readonly agentId: () => string;
  readonly path: string;
  /** What the items are called, in the body and in words: `samples`. */
  readonly noun: string;
  /** One item in words, for a refusal: `Metric "x"`. */
  readonly nameOf: (item: Item) => string;
  /** Items that may wait. */
  readonly capacity?: number;
}

/** Collects items and sends them in the background. */
export class BatchSender<Item extends object> {
  readonly #options: BatchSenderOptions<Item>;
  readonly #buffer: OutgoingBuffer<Item>;
  readonly #closing = new AbortController();
  readonly #refused = new Set<string>();
  #loop: Promise<void> | undefined;

  constructor(options: BatchSenderOptions<Item>) {
    this.#options = options;
    this.#buffer = new OutgoingBuffer(options.capacity);
  }

  get counts(): { readonly waiting: number; readonly shed: number } {
    return { waiting: this.#buffer.size, shed: this.#buffer.shed };
  }

  add(item: Item): void {
    this.#buffer.add(item);
    this.#loop ??= this.#flushAll();
  }

  /** Sends what is left, trying once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
    await this.#flush();
    const { waiting, shed } = this.counts;
    if (waiting + shed === 0) return;
    this.#options.log.warn(`${waiting + shed} ${this.#options.noun} were not delivered`);
  }

  async #flushAll(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await sleep(FLUSH_MS, this.#closing.signal, true);
      if (!this.#closing.signal.aborted) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    while (this.#buffer.size > 0) {
      const items = this.#buffer.take(BATCH);
      try {
        await this.#send(items);
      } catch (error) {
        if (!(error instanceof CellphoneClientError) && this.#sift(items)) continue;
        this.#afterFailure(items, error);
        return;
      }
    }
  }

  /** Drops items that are no JSON and puts the others back; @returns whether there were such. */
  #sift(items: readonly Item[]): boolean {
    const writable = items.filter((item) => this.#isWritable(item));
    if (writable.length === items.length) return false;
    this.#buffer.countShed(items.length - writable.length);
    this.#buffer.putBack(writable);
    return true;
  }

  #isWritable(item: Item): boolean {
    try {
      JSON.stringify(item);
      return true;
    } catch (error) {
      this.#tellOnce(this.#options.nameOf(item), `is no JSON: ${String(error)}`);
      return false;
    }
  }

  async #send(items: readonly Item[]): Promise<void> {
    const { noun, nameOf, path, transport } = this.#options;
    const agentId = this.#options.agentId();
    const answer = await transport.call<{
      readonly rejected: readonly { readonly index: number; readonly detail: string }[];
    }>("POST", path, {
      body: { [noun]: items.map((item) => ({ agentId, ...item })) },
      repeatable: false,
      retryForMs: 0,
      timeoutMs: 10_000,
    });
    for (const { index, detail } of answer.rejected) {
      this.#buffer.countShed(1);
      const item = items[index];
      if (item !== undefined) this.#tellOnce(nameOf(item), `is refused: ${detail}`);
    }
  }

  /** Kept only when they surely did not arrive: counted twice is worse than missing a second. */
  #afterFailure(items: readonly Item[], error: unknown): void {
    const known = error instanceof CellphoneClientError ? error : undefined;
    const waits = known?.status === 429 || known?.status === 503;
    if (known !== undefined && (waits || known.status === 401 || wasNotSent(known))) {
      this.#buffer.putBack(items);
      return;
    }
    this.#buffer.countShed(items.length);
    const reason = error instanceof Error ? error.message : String(error);
    const { noun } = this.#options;
    // A refusal on principle (a quarantine) is told once, not with every second's batch.
    if (known?.status === 403) this.#tellOnce(noun, `are not delivered: ${reason}`);
    else this.#options.log.warn(`${items.length} ${noun} were not delivered: ${reason}`);
  }

  #tellOnce(subject: string, what: string): void {
    if (this.#refused.size >= TOLD_MAX || this.#refused.has(subject)) return;
    this.#refused.add(subject);
    this.#options.log.warn(`${subject} ${what}`);
  }
}
