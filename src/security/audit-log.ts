// Every change and every refusal leaves a row. Changes wait until their row is stored; refusals
// never make anybody wait, and a flood of equal ones becomes two rows per window: the first, and
// how many followed.

import { IdGenerator, systemClock } from "../core/index.ts";
import type { Clock, ComponentLog, JsonObject, Principal } from "../core/index.ts";

import { securityLimits } from "./limits.ts";
import type { AuditEntry, AuditQuery, SecurityStore } from "./store.ts";

/** What is to be remembered of a change or a refusal. */
export interface AuditFact {
  readonly principal: Principal;
  readonly namespace: string;
  readonly action: string;
  /** Kind and id: `agent:worker-1`. */
  readonly resource: string;
  readonly outcome: AuditEntry["outcome"];
  readonly reason?: string;
  readonly details?: JsonObject;
  readonly traceparent?: string;
}

/** What an audit log works with. */
export interface AuditDependencies {
  readonly store: SecurityStore;
  readonly clock?: Clock;
  readonly log?: ComponentLog;
}

/** Refusals of one kind within one window. */
interface Refusals {
  readonly fact: AuditFact;
  repeated: number;
}

const OTHERS = "__other__";

/**
 * Writes audit rows and reads them back.
 *
 * @example
 * const audit = new AuditLog({ store: new VolatileSecurityStore() });
 * const principal = { kind: "admin", id: "local", namespace: "default", via: "socket" } as const;
 * await audit.record({
 *   principal, namespace: "default", action: "agent.pause", resource: "agent:w1", outcome: "done",
 * });
 */
export class AuditLog {
  readonly #store: SecurityStore;
  readonly #clock: Clock;
  readonly #log: ComponentLog | undefined;
  readonly #ids: IdGenerator;
  readonly #refusals = new Map<string, Refusals>();
  #window: Disposable | undefined;
  #pending: AuditEntry[] = [];
  #writing: Promise<void> | undefined;
  #lost = 0;

  constructor(dependencies: AuditDependencies) {
    this.#store = dependencies.store;
    this.#clock = dependencies.clock ?? systemClock;
    this.#log = dependencies.log;
    this.#ids = new IdGenerator(this.#clock);
  }

  /** Rows given up because the store was too slow or failed. */
  get lost(): number {
    return this.#lost;
  }

  /** Stores a row for something done; resolves once it would survive a power cut. */
  async record(fact: AuditFact): Promise<void> {
    await this.#store.appendAudit([this.#toEntry(fact)]);
  }

  /** Notes a refusal or failure, soon stored; equal ones within a window are counted. */
  refuse(fact: AuditFact): void {
    const key = [actorOf(fact.principal), fact.namespace, fact.action, fact.reason].join("\n");
    const known = this.#refusals.get(key);
    if (known !== undefined) {
      known.repeated += 1;
      return;
    }
    this.#window ??= this.#clock.after(securityLimits.refusalWindowMs.value, () => {
      this.#closeWindow();
    });
    if (this.#refusals.size >= securityLimits.refusalKinds.value) {
      const others = this.#refusals.get(OTHERS) ?? { fact: otherThan(fact), repeated: 0 };
      others.repeated += 1;
      this.#refusals.set(OTHERS, others);
      return;
    }
    this.#refusals.set(key, { fact, repeated: 0 });
    this.#enqueue(this.#toEntry(fact));
  }

  /** Rows, newest first. */
  async read(query: AuditQuery): Promise<readonly AuditEntry[]> {
    await this.#writing;
    return this.#store.audit(query);
  }

  /** Stores what is still counted or waiting; call at shutdown. */
  async close(): Promise<void> {
    this.#window?.[Symbol.dispose]();
    this.#closeWindow();
    while (this.#writing !== undefined) await this.#writing;
  }

  #closeWindow(): void {
    this.#window = undefined;
    for (const { fact, repeated } of this.#refusals.values()) {
      if (repeated === 0) continue;
      this.#enqueue(this.#toEntry({ ...fact, details: { ...fact.details, repeated } }));
    }
    this.#refusals.clear();
  }

  #enqueue(entry: AuditEntry): void {
    if (this.#pending.length >= securityLimits.auditPending.value) {
      this.#lost += 1;
      return;
    }
    this.#pending.push(entry);
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // rows of one turn share one write
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#store.appendAudit(batch);
      } catch (error) {
        this.#lost += batch.length;
        this.#log?.error("security.audit_failed", { rows: batch.length, error });
      }
    }
    this.#writing = undefined;
  }

  #toEntry(fact: AuditFact): AuditEntry {
    return {
      id: this.#ids.next("aud"),
      atMs: this.#clock.now(),
      namespace: fact.namespace,
      actor: actorOf(fact.principal),
      via: fact.principal.via,
      action: fact.action,
      resource: fact.resource,
      outcome: fact.outcome,
      reason: fact.reason ?? null,
      details: fact.details ?? {},
      traceparent: fact.traceparent ?? null,
    };
  }
}

function actorOf(principal: Principal): string {
  return `${principal.kind}:${principal.id}`;
}

function otherThan(fact: AuditFact): AuditFact {
  return {
    principal: { kind: "anonymous", id: OTHERS, namespace: fact.namespace, via: "none" },
    namespace: fact.namespace,
    action: OTHERS,
    resource: OTHERS,
    outcome: fact.outcome,
    reason: "Further kinds of refusals in this window are counted together",
  };
}
