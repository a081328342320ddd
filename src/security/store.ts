// The port for identities and the audit log. Keys are kept as SHA-256 hashes only.

import type { JsonObject } from "../core/index.ts";

/** One key, session or enrolment token, by the hash of its secret. */
export interface Credential {
  readonly id: string;
  readonly kind: "admin" | "agent" | "session" | "enrolment";
  /** SHA-256 of the secret, lower-case hex. */
  readonly secretHash: string;
  readonly namespace: string;
  /** The agent it speaks for; null for admins and enrolments. */
  readonly agentId: string | null;
  /** The enrolment that made it, so that a restarted process may reclaim its name. */
  readonly enrolmentId: string | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  readonly revokedAtMs: number | null;
  /** Why it was revoked; told to whoever still uses it. */
  readonly revokedReason: string | null;
  /** What the person who made it wrote beside it; null when nothing. */
  readonly note: string | null;
}

/** One change or refusal. */
export interface AuditEntry {
  readonly id: string;
  readonly atMs: number;
  readonly namespace: string;
  /** Who: principal kind and id. */
  readonly actor: string;
  readonly via: string;
  /** Dotted id: `agent.pause`, `enrolment.create`. */
  readonly action: string;
  /** What it was done to: `agent:worker-1`. */
  readonly resource: string;
  readonly outcome: "done" | "refused" | "failed";
  /** Reason of a refusal; never a secret. */
  readonly reason: string | null;
  readonly details: JsonObject;
  readonly traceparent: string | null;
}

export interface AuditQuery {
  readonly namespace?: string;
  readonly action?: string;
  readonly actor?: string;
  readonly outcome?: AuditEntry["outcome"];
  /** W3C trace id, 32 hex digits: entries whose traceparent carries it. */
  readonly traceId?: string;
  readonly beforeId?: string;
  /** @default 100, at most 1000 */
  readonly limit?: number;
}

/** A namespace and its own configuration. */
export interface NamespaceRecord {
  readonly name: string;
  readonly createdAtMs: number;
  /** Overrides of component options, such as `{ "communication": { "heartbeatInterval": 2 } }`. */
  readonly config: JsonObject;
}

/** Durable storage of identities, namespaces and the audit log. */
export interface SecurityStore {
  putCredential(credential: Credential): Promise<void>;
  credentials(): Promise<readonly Credential[]>;
  appendAudit(entries: readonly AuditEntry[]): Promise<void>;
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>;
  putNamespace(record: NamespaceRecord): Promise<void>;
  namespaces(): Promise<readonly NamespaceRecord[]>;
  /** Forgets the namespace's credentials and its record; its audit rows stay. */
  deleteNamespace(namespace: string): Promise<void>;
  /** Forgets expired and revoked credentials and audit rows older than the instant. */
  prune(beforeMs: number): Promise<void>;
}
