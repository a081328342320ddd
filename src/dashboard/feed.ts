// The events feed: a line per thing that matters, numbered so that a viewer can resume, stored
// behind the scenes without ever holding up what caused the line.

import { Listeners } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

import { dashboardLimits } from "./limits.ts";
import type { FeedEvent } from "./model.ts";
import type { FeedStore } from "./store.ts";

/** What the caller says of a new line; number and time are the feed's. */
export type FeedLine = Pick<FeedEvent, "kind" | "level" | "agentId" | "text">;

/** Gives numbers to events; shared by all namespaces, because streams resume by number. */
export class EventNumbers {
  #last: number;

  /** @param last the highest number ever used. */
  constructor(last: number) {
    this.#last = last;
  }

  next(): number {
    return ++this.#last;
  }
}

/** The feed of one namespace. */
export class Feed {
  readonly #namespace: string;
  readonly #store: FeedStore;
  readonly #numbers: EventNumbers;
  readonly #clock: Clock;
  readonly #listeners = new Listeners<FeedEvent>();
  #pending: FeedEvent[] = [];
  #skipped = 0;
  #writing: Promise<void> | undefined;

  constructor(namespace: string, store: FeedStore, numbers: EventNumbers, clock: Clock) {
    this.#namespace = namespace;
    this.#store = store;
    this.#numbers = numbers;
    this.#clock = clock;
  }

  /** Adds a line: listeners hear of it at once, the store soon after. */
  add(line: FeedLine): FeedEvent {
    const event: FeedEvent = { ...line, id: this.#numbers.next(), atMs: this.#clock.now() };
    if (this.#pending.length < dashboardLimits.feedPending.value) this.#pending.push(event);
    else this.#skipped += 1;
    this.#listeners.emit(event);
    this.#write().catch(() => undefined); // it waits for the next line, or for who flushes
    return event;
  }

  onEvent(callback: (event: FeedEvent) => void): Disposable {
    return this.#listeners.add(callback);
  }

  /**
   * Resolves when every line added so far is stored.
   * @throws what the store threw; the lines wait, and are tried again with the next one.
   */
  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#writing !== undefined) await this.#write();
  }

  #write(): Promise<void> {
    this.#writing ??= this.#drain();
    return this.#writing;
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // lines of one turn share one write
    try {
      while (this.#pending.length > 0) {
        const batch = this.#pending;
        this.#pending = [];
        await this.#store.appendEvents(this.#namespace, batch).catch((error: unknown) => {
          this.#putBack(batch);
          throw error;
        });
        this.#noteSkipped();
      }
    } finally {
      this.#writing = undefined;
    }
  }

  #putBack(batch: readonly FeedEvent[]): void {
    const waiting = [...batch, ...this.#pending];
    this.#pending = waiting.slice(0, dashboardLimits.feedPending.value);
    this.#skipped += waiting.length - this.#pending.length;
  }

  #noteSkipped(): void {
    if (this.#skipped === 0) return;
    const text = `${this.#skipped} events were shown but not stored: the store was too slow.`;
    this.#skipped = 0;
    this.add({ kind: "server", level: "warning", agentId: null, text });
  }
}
