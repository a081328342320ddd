// Identities and audit rows in memory, for the library and for tests. Bounded like the durable one.

import { securityLimits } from "./limits.ts";
import type {
  AuditEntry,
  AuditQuery,
  Credential,
  NamespaceRecord,
  SecurityStore,
} from "./store.ts";

/** A SecurityStore that forgets everything when the process ends. */
export class VolatileSecurityStore implements SecurityStore {
  readonly #credentials = new Map<string, Credential>();
  readonly #namespaces = new Map<string, NamespaceRecord>();
  #audit: AuditEntry[] = [];

  putCredential(credential: Credential): Promise<void> {
    this.#credentials.set(credential.id, credential);
    return Promise.resolve();
  }

  credentials(): Promise<readonly Credential[]> {
    return Promise.resolve([...this.#credentials.values()]);
  }

  appendAudit(entries: readonly AuditEntry[]): Promise<void> {
    this.#audit.push(...entries);
    const most = securityLimits.volatileAuditRows.value;
    if (this.#audit.length > most) this.#audit = this.#audit.slice(-most);
    return Promise.resolve();
  }

  audit(query: AuditQuery): Promise<readonly AuditEntry[]> {
    const found: AuditEntry[] = [];
    const limit = Math.min(query.limit ?? 100, 1000);
    const end = this.#audit.findIndex((entry) => entry.id === query.beforeId);
    for (let index = (end < 0 ? this.#audit.length : end) - 1; index >= 0; index--) {
      const entry = this.#audit[index];
      if (entry === undefined || found.length >= limit) break;
      if (matches(entry, query)) found.push(entry);
    }
    return Promise.resolve(found);
  }

  putNamespace(record: NamespaceRecord): Promise<void> {
    this.#namespaces.set(record.name, record);
    return Promise.resolve();
  }

  namespaces(): Promise<readonly NamespaceRecord[]> {
    return Promise.resolve([...this.#namespaces.values()]);
  }

  deleteNamespace(namespace: string): Promise<void> {
    this.#namespaces.delete(namespace);
    for (const credential of this.#credentials.values()) {
      const namespaced = credential.kind === "agent" || credential.kind === "enrolment";
      if (namespaced && credential.namespace === namespace) this.#credentials.delete(credential.id);
    }
    return Promise.resolve();
  }

  prune(beforeMs: number): Promise<void> {
    for (const credential of this.#credentials.values()) {
      const endedAtMs = credential.revokedAtMs ?? credential.expiresAtMs;
      if (endedAtMs !== null && endedAtMs < beforeMs) this.#credentials.delete(credential.id);
    }
    this.#audit = this.#audit.filter((entry) => entry.atMs >= beforeMs);
    return Promise.resolve();
  }
}

function matches(entry: AuditEntry, query: AuditQuery): boolean {
  return (
    (query.namespace === undefined || entry.namespace === query.namespace) &&
    (query.action === undefined || entry.action === query.action) &&
    (query.actor === undefined || entry.actor === query.actor) &&
    (query.outcome === undefined || entry.outcome === query.outcome) &&
    (query.traceId === undefined || entry.traceparent?.slice(3, 35) === query.traceId)
  );
}
