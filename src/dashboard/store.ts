// The port through which the events feed survives a restart.

import type { FeedEvent } from "./model.ts";

/** Durable storage of the feed; a bounded tail per namespace. */
export interface FeedStore {
  /** Ids are given by the caller and strictly increase. */
  appendEvents(namespace: string, events: readonly FeedEvent[]): Promise<void>;
  /** Events with an id above `afterId`, oldest first; or the newest `limit` when it is absent. */
  events(
    namespace: string,
    query: { readonly afterId?: number; readonly agentId?: string; readonly limit?: number },
  ): Promise<readonly FeedEvent[]>;
  /** The highest id used in any namespace, 0 when none. */
  lastEventId(): Promise<number>;
  deleteNamespace(namespace: string): Promise<void>;
}
