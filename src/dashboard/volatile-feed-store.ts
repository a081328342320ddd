// The feed store of library mode and of tests: a bounded list in memory.

import { dashboardLimits } from "./limits.ts";
import type { FeedEvent } from "./model.ts";
import type { FeedStore } from "./store.ts";

/** Keeps the newest events of each namespace in memory. */
export class VolatileFeedStore implements FeedStore {
  readonly #namespaces = new Map<string, FeedEvent[]>();

  appendEvents(namespace: string, events: readonly FeedEvent[]): Promise<void> {
    const kept = this.#namespaces.get(namespace) ?? [];
    kept.push(...events);
    kept.splice(0, Math.max(0, kept.length - dashboardLimits.feedStored.value));
    this.#namespaces.set(namespace, kept);
    return Promise.resolve();
  }

  events(
    namespace: string,
    query: { readonly afterId?: number; readonly agentId?: string; readonly limit?: number },
  ): Promise<readonly FeedEvent[]> {
    const limit = query.limit ?? 100;
    const afterId = query.afterId;
    const matching = (this.#namespaces.get(namespace) ?? []).filter(
      (event) =>
        (afterId === undefined || event.id > afterId) &&
        (query.agentId === undefined || event.agentId === query.agentId),
    );
    const page = afterId === undefined ? matching.slice(-limit) : matching.slice(0, limit);
    return Promise.resolve(page);
  }

  lastEventId(): Promise<number> {
    let last = 0;
    for (const events of this.#namespaces.values()) last = Math.max(last, events.at(-1)?.id ?? 0);
    return Promise.resolve(last);
  }

  deleteNamespace(namespace: string): Promise<void> {
    this.#namespaces.delete(namespace);
    return Promise.resolve();
  }
}
