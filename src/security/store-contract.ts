// What every SecurityStore must do, as one reusable suite. An adapter's test calls
// securityStoreContract(). Imported by its own path, never through index.ts: it pulls in
// node:test.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { AuditEntry, Credential, SecurityStore } from "./store.ts";

/** A store under test. */
export interface SecurityStoreFixture {
  readonly store: SecurityStore;
  /** Closes the store and opens it again over the same data; durable stores must have it. */
  readonly reopen?: () => Promise<SecurityStore>;
  readonly close?: () => Promise<void> | void;
}

function credentialOf(fields: Partial<Credential> = {}): Credential {
  return {
    id: "key_1",
    kind: "agent",
    secretHash: "a".repeat(64),
    namespace: "default",
    agentId: "w1",
    enrolmentId: "enr_1",
    createdAtMs: 1000,
    expiresAtMs: null,
    revokedAtMs: null,
    revokedReason: null,
    note: null,
    ...fields,
  };
}

function entryOf(number: number, fields: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: `aud_${String(number).padStart(4, "0")}`,
    atMs: 1000 + number,
    namespace: "default",
    actor: "admin:local",
    via: "socket",
    action: "agent.pause",
    resource: "agent:w1",
    outcome: "done",
    reason: null,
    details: { number },
    traceparent: null,
    ...fields,
  };
}

function traced(traceId: string): Pick<AuditEntry, "traceparent"> {
  return { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
}

/** Declares the suite for one adapter. */
export function securityStoreContract(
  name: string,
  factory: () => Promise<SecurityStoreFixture> | SecurityStoreFixture,
): void {
  const check = (
    criterion: string,
    body: (fixture: SecurityStoreFixture) => Promise<void>,
  ): void => {
    test(criterion, async () => {
      const fixture = await factory();
      try {
        await body(fixture);
      } finally {
        await fixture.close?.();
      }
    });
  };
  describe(`${name} as a SecurityStore`, () => {
    check(
      "credentials() gives back what was put, the last of each id",
      async ({ store, reopen }) => {
        const first = credentialOf({ note: "night run", expiresAtMs: 9000 });
        const second = credentialOf({ id: "key_2", secretHash: "b".repeat(64), agentId: null });
        const revoked = { ...first, revokedAtMs: 2000, revokedReason: "replaced" };
        await store.putCredential(first);
        await store.putCredential(second);
        await store.putCredential(revoked);
        const after = reopen === undefined ? store : await reopen();
        const found = [...(await after.credentials())].sort((a, b) => (a.id < b.id ? -1 : 1));
        assert.deepEqual(found, [revoked, second]);
      },
    );

    check("audit() filters, newest first, and pages with beforeId", async ({ store }) => {
      await store.appendAudit([entryOf(1), entryOf(2, { outcome: "refused", reason: "no" })]);
      await store.appendAudit([entryOf(3, { namespace: "other" }), entryOf(4, { action: "x.y" })]);
      await store.appendAudit([entryOf(5, { actor: "agent:w1" })]);
      const ids = async (query: Parameters<SecurityStore["audit"]>[0]): Promise<string[]> =>
        (await store.audit(query)).map(({ id }) => id.slice(-1));
      assert.deepEqual(await ids({}), ["5", "4", "3", "2", "1"]);
      assert.deepEqual(await ids({ limit: 2 }), ["5", "4"]);
      assert.deepEqual(await ids({ limit: 2, beforeId: "aud_0004" }), ["3", "2"]);
      assert.deepEqual(await ids({ namespace: "other" }), ["3"]);
      assert.deepEqual(await ids({ outcome: "refused" }), ["2"]);
      assert.deepEqual(await ids({ action: "x.y" }), ["4"]);
      assert.deepEqual(await ids({ actor: "agent:w1" }), ["5"]);
      assert.deepEqual((await store.audit({ outcome: "refused" }))[0], {
        ...entryOf(2, { outcome: "refused", reason: "no" }),
      });
    });

    check("audit() of one trace is what its traceparent says", async ({ store }) => {
      const [traceId, other] = ["0af7651916cd43dd8448eb211c80319c", "f".repeat(32)];
      await store.appendAudit([entryOf(1, traced(traceId)), entryOf(2), entryOf(3, traced(other))]);
      await store.appendAudit([entryOf(4, { ...traced(traceId), namespace: "demo" })]);
      const ids = async (query: Parameters<SecurityStore["audit"]>[0]): Promise<string[]> =>
        (await store.audit(query)).map(({ id }) => id.slice(-1));
      assert.deepEqual(await ids({ traceId }), ["4", "1"]);
      assert.deepEqual(await ids({ traceId, namespace: "default" }), ["1"]);
      assert.deepEqual(await ids({ traceId: "a".repeat(32) }), []);
    });

    check("namespaces() gives back the last record of each name", async ({ store }) => {
      await store.putNamespace({ name: "demo", createdAtMs: 1, config: {} });
      const changed = { name: "demo", createdAtMs: 1, config: { tracker: { maxSeries: 5 } } };
      await store.putNamespace(changed);
      assert.deepEqual(await store.namespaces(), [changed]);
    });

    check(
      "deleteNamespace() forgets its keys and record, not its audit rows",
      async ({ store }) => {
        await store.putNamespace({ name: "demo", createdAtMs: 1, config: {} });
        await store.putCredential(credentialOf({ namespace: "demo" }));
        const elsewhere = credentialOf({ id: "key_2", secretHash: "b".repeat(64) });
        await store.putCredential(elsewhere);
        await store.appendAudit([entryOf(1, { namespace: "demo" })]);
        await store.deleteNamespace("demo");
        assert.deepEqual(await store.credentials(), [elsewhere]);
        assert.deepEqual(await store.namespaces(), []);
        assert.equal((await store.audit({ namespace: "demo" })).length, 1);
      },
    );

    check("prune() forgets what ended before the instant, and old rows", async ({ store }) => {
      const live = credentialOf();
      const expired = credentialOf({ id: "key_2", secretHash: "b".repeat(64), expiresAtMs: 1500 });
      const revoked = credentialOf({ id: "key_3", secretHash: "c".repeat(64), revokedAtMs: 1500 });
      const recent = credentialOf({ id: "key_4", secretHash: "d".repeat(64), revokedAtMs: 2500 });
      for (const one of [live, expired, revoked, recent]) await store.putCredential(one);
      await store.appendAudit([entryOf(1), entryOf(1500)]);
      await store.prune(2000);
      const ids = (await store.credentials()).map(({ id }) => id).sort();
      assert.deepEqual(ids, ["key_1", "key_4"]);
      assert.deepEqual(
        (await store.audit({})).map(({ id }) => id),
        ["aud_1500"],
      );
    });
  });
}
