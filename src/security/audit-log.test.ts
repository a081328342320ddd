import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import type { Principal } from "../core/index.ts";
import { AuditLog } from "./audit-log.ts";
import type { AuditFact } from "./audit-log.ts";
import type { AuditEntry } from "./store.ts";
import { VolatileSecurityStore } from "./volatile-security-store.ts";

const principal: Principal = { kind: "agent", id: "w1", namespace: "default", via: "key" };

function refusal(more: Partial<AuditFact> = {}): AuditFact {
  return {
    principal,
    namespace: "default",
    action: "agent.pause",
    resource: "agent:w2",
    outcome: "refused",
    reason: "security.forbidden",
    ...more,
  };
}

function setUp(): { clock: ManualClock; store: VolatileSecurityStore; audit: AuditLog } {
  const clock = new ManualClock();
  const store = new VolatileSecurityStore();
  return { clock, store, audit: new AuditLog({ store, clock }) };
}

test("AuditLog.record() has stored the row, whole, when it resolves", async () => {
  const { store, audit } = setUp();
  await audit.record({
    ...refusal({ outcome: "done", details: { reason: "test" }, traceparent: "00-a-b-01" }),
  });
  const [row] = await store.audit({});
  const { id, atMs, ...rest } = row ?? assert.fail("no row");
  assert.match(id, /^aud_/);
  assert.equal(atMs, 1_700_000_000_000);
  assert.deepEqual(rest, {
    namespace: "default",
    actor: "agent:w1",
    via: "key",
    action: "agent.pause",
    resource: "agent:w2",
    outcome: "done",
    reason: "security.forbidden",
    details: { reason: "test" },
    traceparent: "00-a-b-01",
  });
});

test("AuditLog.record() rejects when the row cannot be stored", async () => {
  class BrokenStore extends VolatileSecurityStore {
    override appendAudit(): Promise<void> {
      return Promise.reject(new Error("disk full"));
    }
  }
  const audit = new AuditLog({ store: new BrokenStore(), clock: new ManualClock() });
  await assert.rejects(audit.record(refusal()), /disk full/);
  audit.refuse(refusal());
  await audit.close();
  assert.equal(audit.lost, 1);
});

test("AuditLog.refuse() writes a flood of equal refusals as one row and one count", async () => {
  const { clock, audit } = setUp();
  for (let count = 0; count < 10_000; count++) {
    audit.refuse(refusal({ resource: `agent:w${count}` }));
  }
  assert.equal((await audit.read({})).length, 1);
  clock.advance(10_000);
  const rows = await audit.read({});
  assert.equal(rows.length, 2);
  assert.deepEqual(rows[0]?.details, { repeated: 9999 });
});

test("AuditLog.refuse() counts kinds beyond its limit in one row", async () => {
  const { clock, audit } = setUp();
  for (let count = 0; count < 600; count++) {
    audit.refuse(refusal({ principal: { ...principal, id: `w${count}` } }));
  }
  clock.advance(10_000);
  const rows = await audit.read({ limit: 1000 });
  assert.equal(rows.length, 501);
  assert.deepEqual([rows[0]?.action, rows[0]?.details], ["__other__", { repeated: 100 }]);
});

test("AuditLog.close() stores what is still only counted", async () => {
  const { store, audit } = setUp();
  audit.refuse(refusal());
  audit.refuse(refusal());
  await audit.close();
  const rows: readonly AuditEntry[] = await store.audit({});
  assert.deepEqual(
    rows.map((row) => row.details),
    [{ repeated: 1 }, {}],
  );
});
