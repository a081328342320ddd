import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { IdentityTable, looksLikeOwnKey } from "./identity-table.ts";

const SECRET = `agent_${"0".repeat(32)}`;
const secretHash = createHash("sha256").update(SECRET).digest("hex");
const agent = { kind: "agent", namespace: "default", agentId: "alice" } as const;

test("IdentityTable.find() knows a key from its secret until it expires or goes", () => {
  const table = new IdentityTable();
  assert.deepEqual(table.find(SECRET, 0), { key: null, expired: false });
  table.apply([{ secretHash, identity: { ...agent, expiresAtMs: 1000 } }]);
  assert.deepEqual(table.find(SECRET, 999).key, { identity: agent, expiresAtMs: 1000 });
  assert.deepEqual(table.find(SECRET, 1000), { key: null, expired: true });
  table.apply([{ secretHash, identity: null }]);
  assert.equal(table.find(SECRET, 0).key, null);
  assert.equal(table.size, 0);
});

test("IdentityTable.apply() changes when a key expires in what calls hold on to", () => {
  const table = new IdentityTable();
  table.apply([{ secretHash, identity: { ...agent, expiresAtMs: null } }]);
  const { key } = table.find(SECRET, 0);
  table.apply([{ secretHash, identity: { ...agent, expiresAtMs: 1000 } }]);
  assert.equal(key?.expiresAtMs, 1000);
  assert.ok(key !== null && table.apply([{ secretHash, identity: null }]).has(key));
});

test("IdentityTable.find() takes no text of any length for a key", () => {
  const table = new IdentityTable();
  assert.equal(table.find("", 0).key, null);
  assert.equal(table.find("x".repeat(1_000_000), 0).key, null);
});

test("looksLikeOwnKey() tells our secrets from other people's", () => {
  assert.ok(looksLikeOwnKey(SECRET));
  assert.ok(!looksLikeOwnKey("sk-0123456789"));
});
