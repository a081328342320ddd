// What every SecurityStore must do, as tests. Imported by its own path, never through index.ts:
// it pulls in node:test.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { AuditEntry, Credential, SecurityStore } from "./store.ts";

/** A store under test, and how to let go of it. */
export interface SecurityStoreUnderTest {
  readonly store: SecurityStore;
  readonly close: () => Promise<void> | void;
}

const BASE_MS = 1_700_000_000_000;

/**
 * Registers the contract of {@link SecurityStore} as a node:test suite.
 * @param name the adapter's name, shown in the test report.
 * @param factory makes an empty store for one test.
 */
export function securityStoreContract(
  name: string,
  factory: () => Promise<SecurityStoreUnderTest> | SecurityStoreUnderTest,
): void {
  const check = (criterion: string, body: (store: SecurityStore) => Promise<void>): void => {
    test(criterion, async () => {
      const { store, close } = await factory();
      try {
        await body(store);
      } finally {
        await close();
      }
    });
  };
  describe(`${name} keeps the contract of SecurityStore`, () => {
    check("an empty store has nothing", async (store) => {
      assert.deepEqual(await store.credentials(), []);
      assert.deepEqual(await store.namespaces(), []);
      assert.deepEqual(await store.audit({}), []);
    });

    check("putCredential() adds one, and replaces the one of the same id", async (store) => {
      const first = makeCredential("key_1");
      const second = makeCredential("key_2", {
        kind: "admin",
        agentId: null,
        expiresAtMs: BASE_MS + 9,
        note: "laptop",
      });
      await store.putCredential(first);
      await store.putCredential(second);
      const revoked = { ...first, revokedAtMs: BASE_MS + 5, revokedReason: "stolen" };
      await store.putCredential(revoked);
      const byId = (await store.credentials()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      assert.deepEqual(byId, [revoked, second]);
    });

    check("putNamespace() adds one, and replaces the one of the same name", async (store) => {
      const demo = { name: "demo", createdAtMs: BASE_MS, config: {} };
      await store.putNamespace(demo);
      const changed = { ...demo, config: { communication: { heartbeatInterval: 2 } } };
      await store.putNamespace(changed);
      assert.deepEqual(await store.namespaces(), [changed]);
    });

    check("audit() lists newest first, pages with beforeId and limit", async (store) => {
      const entries = Array.from({ length: 150 }, (_, index) => makeEntry(index));
      await store.appendAudit(entries.slice(0, 70));
      await store.appendAudit(entries.slice(70));
      const newest = entries.toReversed();
      assert.deepEqual(await store.audit({}), newest.slice(0, 100));
      const beforeId = newest[99]?.id ?? "";
      assert.deepEqual(await store.audit({ beforeId, limit: 10 }), newest.slice(100, 110));
      assert.equal((await store.audit({ limit: 5000 })).length, 150);
    });

    check("audit() holds every condition at once", async (store) => {
      const entries = [
        makeEntry(0),
        makeEntry(1, { namespace: "demo", outcome: "refused", reason: "not its own" }),
        makeEntry(2, { action: "agent.resume" }),
        makeEntry(3, { actor: "agent:worker-1", outcome: "failed", details: { tries: [1, 2] } }),
      ];
      await store.appendAudit(entries);
      const ids = async (query: Parameters<SecurityStore["audit"]>[0]): Promise<string[]> =>
        (await store.audit(query)).map((entry) => entry.id);
      assert.deepEqual(await ids({ namespace: "demo" }), ["aud_001"]);
      assert.deepEqual(await ids({ action: "agent.resume" }), ["aud_002"]);
      assert.deepEqual(await ids({ actor: "agent:worker-1" }), ["aud_003"]);
      assert.deepEqual(await ids({ outcome: "done" }), ["aud_002", "aud_000"]);
      assert.deepEqual(await ids({ outcome: "done", namespace: "demo" }), []);
    });

    check("deleteNamespace() forgets credentials and record, never audit rows", async (store) => {
      await store.putNamespace({ name: "demo", createdAtMs: BASE_MS, config: {} });
      await store.putCredential(makeCredential("key_1", { namespace: "demo" }));
      await store.putCredential(makeCredential("key_2"));
      await store.appendAudit([makeEntry(0, { namespace: "demo" })]);
      await store.deleteNamespace("demo");
      assert.deepEqual(await store.namespaces(), []);
      assert.deepEqual(await store.credentials(), [makeCredential("key_2")]);
      assert.equal((await store.audit({ namespace: "demo" })).length, 1);
    });

    check("prune() forgets what ended before the instant, and nothing else", async (store) => {
      await store.putCredential(makeCredential("expired", { expiresAtMs: BASE_MS - 1 }));
      await store.putCredential(makeCredential("revoked", { revokedAtMs: BASE_MS - 1 }));
      const valid = makeCredential("valid", { expiresAtMs: BASE_MS });
      await store.putCredential(valid);
      await store.appendAudit([makeEntry(0, { atMs: BASE_MS - 1 }), makeEntry(1)]);
      await store.prune(BASE_MS);
      assert.deepEqual(await store.credentials(), [valid]);
      assert.deepEqual(await store.audit({}), [makeEntry(1)]);
    });
  });
}

function makeCredential(id: string, changes: Partial<Credential> = {}): Credential {
  return {
    id,
    kind: "agent",
    secretHash: `${id}-hash`,
    namespace: "default",
    agentId: "worker-1",
    enrolmentId: null,
    createdAtMs: BASE_MS,
    expiresAtMs: null,
    revokedAtMs: null,
    revokedReason: null,
    note: null,
    ...changes,
  };
}

function makeEntry(number: number, changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: `aud_${String(number).padStart(3, "0")}`,
    atMs: BASE_MS + number,
    namespace: "default",
    actor: "admin:local",
    via: "socket",
    action: "agent.pause",
    resource: "agent:worker-1",
    outcome: "done",
    reason: null,
    details: {},
    traceparent: null,
    ...changes,
  };
}
