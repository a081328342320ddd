// How many dead letters wait for someone, and since when, without asking the store each time.

import type { CommunicationStore } from "./store.ts";

/** Dead letters that wait for someone. */
export interface DeadLetterSummary {
  readonly count: number;
  /** When the first of them died; null when there are none. */
  readonly oldestAtMs: number | null;
}

const PAGE = 1000;

/** Dead deliveries of one namespace, oldest first. */
export class DeadLetterBook {
  readonly #diedAtMs = new Map<string, number>();

  add(deliveryId: string, diedAtMs: number): void {
    this.#diedAtMs.set(deliveryId, diedAtMs);
  }

  remove(deliveryId: string): void {
    this.#diedAtMs.delete(deliveryId);
  }

  summary(): DeadLetterSummary {
    const oldest = this.#diedAtMs.values().next();
    return {
      count: this.#diedAtMs.size,
      oldestAtMs: oldest.done === true ? null : oldest.value,
    };
  }

  /** Reads what the store has. */
  async load(store: CommunicationStore, namespace: string): Promise<void> {
    const found: [string, number][] = [];
    let beforeId: string | undefined;
    for (;;) {
      const query = { state: "dead", limit: PAGE } as const;
      const page = await store.messages(
        namespace,
        beforeId === undefined ? query : { ...query, beforeId },
      );
      for (const { deliveries } of page) {
        for (const { id, state, settledAtMs } of deliveries) {
          if (state === "dead") found.push([id, settledAtMs ?? 0]);
        }
      }
      beforeId = page.at(-1)?.message.id;
      if (beforeId === undefined) break; // a page may end early, when it is large
    }
    for (const [id, atMs] of found.sort((a, b) => a[1] - b[1])) this.#diedAtMs.set(id, atMs);
  }
}
