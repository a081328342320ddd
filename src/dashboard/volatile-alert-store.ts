// The alert store of library mode and of tests: maps in memory.

import type { Alert, AlertQuery, AlertRetention, AlertStore } from "./alert.ts";
import { searchAlerts } from "./alert-search.ts";

/** Keeps alerts in memory until they are pruned. */
export class VolatileAlertStore implements AlertStore {
  readonly #namespaces = new Map<string, Map<string, Alert>>();

  putAlerts(namespace: string, alerts: readonly Alert[]): Promise<void> {
    let kept = this.#namespaces.get(namespace);
    if (kept === undefined) this.#namespaces.set(namespace, (kept = new Map()));
    for (const alert of alerts) kept.set(alert.id, structuredClone(alert));
    return Promise.resolve();
  }

  alerts(namespace: string, query: AlertQuery): Promise<readonly Alert[]> {
    return Promise.resolve(searchAlerts(this.#all(namespace), query));
  }

  alert(namespace: string, id: string): Promise<Alert | undefined> {
    return Promise.resolve(this.#namespaces.get(namespace)?.get(id));
  }

  pruneAlerts(
    namespace: string,
    { beforeMs, keep }: AlertRetention,
  ): Promise<{ readonly alerts: number }> {
    const kept = this.#namespaces.get(namespace);
    const gone = [...this.#all(namespace)]
      .filter((alert) => alert.state === "resolved")
      .sort((a, b) => endOf(b) - endOf(a) || (a.id < b.id ? 1 : -1))
      .filter((alert, index) => index >= keep || endOf(alert) < beforeMs);
    for (const alert of gone) kept?.delete(alert.id);
    return Promise.resolve({ alerts: gone.length });
  }

  #all(namespace: string): Iterable<Alert> {
    return this.#namespaces.get(namespace)?.values() ?? [];
  }
}

function endOf(alert: Alert): number {
  return alert.endsAtMs ?? alert.updatedAtMs;
}
