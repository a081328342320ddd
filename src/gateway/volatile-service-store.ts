// Services in memory: for a gateway used as a library, and for tests.

import type { ServiceRecord } from "./model.ts";
import type { ServiceStore } from "./store.ts";

/**
 * A {@link ServiceStore} that forgets everything with the process.
 *
 * @example
 * const store = new VolatileServiceStore();
 * console.assert((await store.services("default")).length === 0);
 */
export class VolatileServiceStore implements ServiceStore {
  readonly #namespaces = new Map<string, Map<string, ServiceRecord>>();

  async services(namespace: string): Promise<readonly ServiceRecord[]> {
    const records = this.#namespaces.get(namespace)?.values() ?? [];
    return [...records].sort((a, b) => a.position - b.position);
  }

  async putService(record: ServiceRecord): Promise<void> {
    let records = this.#namespaces.get(record.namespace);
    if (records === undefined) {
      records = new Map();
      this.#namespaces.set(record.namespace, records);
    }
    // A copy: what is stored must not change when the caller's object does.
    records.set(record.id, structuredClone(record));
  }

  async deleteService(namespace: string, serviceId: string): Promise<void> {
    this.#namespaces.get(namespace)?.delete(serviceId);
  }
}
