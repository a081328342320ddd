// Walks through what a store loads, page by page.

import type { CommunicationStore, SnapshotPage } from "./store.ts";

/** All pages of a namespace; each is asked for while the one before is worked on. */
export async function* snapshotPages(
  store: CommunicationStore,
  namespace: string,
): AsyncGenerator<SnapshotPage> {
  let asked = store.load(namespace, null);
  for (;;) {
    const page = await asked;
    if (page.next === null) {
      yield page;
      return;
    }
    asked = store.load(namespace, page.next);
    // Whoever stops walking early, waits for it no more.
    asked.catch(() => undefined);
    yield page;
  }
}
