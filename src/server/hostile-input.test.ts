// Input made to hurt: what it may cost the server, what is told back, and what is kept of it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { TestServer } from "./test-support/test-server.ts";

let server: TestServer;
let key1 = "";
let key2 = "";

before(async () => {
  server = await TestServer.start();
  key1 = await server.enrol("w1");
  key2 = await server.enrol("w2");
});
after(() => server[Symbol.asyncDispose]());

test("parseInput() tells of a body with 50,000 unknown fields in a short answer", async () => {
  const fields = Array.from({ length: 50_000 }, (_, index) => [`field${index}`, 1]);
  const body: unknown = Object.fromEntries([["recipientId", "w2"], ["payload", 1], ...fields]);
  const answer = await server.ask("POST", "/api/v1/messages", { key: key1, body });
  assert.equal(answer.status, 400);
  assert.equal(answer.body["code"], "server.input_invalid");
  assert.match(String(answer.body["detail"]), /body\.field0 .*\(and 49999 more\)$/);
  assert.ok(answer.text.length < 4000, `${answer.text.length} characters`);
});

test("parseInput() cuts the name of a field of a megabyte, for the answer and the audit log", async () => {
  const body = { ["k".repeat(1_000_000)]: 1 };
  const answer = await server.ask("POST", "/api/v1/agents/w1/pause", {
    key: server.adminKey,
    body,
  });
  assert.equal(answer.status, 400);
  assert.ok(answer.text.length < 2000, `${answer.text.length} characters`);
  const [row] = await server.audit.read({ action: "agent.pause" });
  assert.equal(row?.outcome, "failed");
  assert.ok(JSON.stringify(row).length < 2000);
});

test("leases are settled by the agent that holds them, whoever else knows the token", async () => {
  await server.ask("POST", "/api/v1/messages", {
    key: server.adminKey,
    body: { recipientId: "w1", payload: 1 },
  });
  const claimed = await server.ask("POST", "/api/v1/inbox/w1/claim", { key: key1, body: {} });
  const token = /"token":"([^"]+)"/.exec(claimed.text)?.[1] ?? assert.fail(claimed.text);
  const endings: [string, object][] = [
    ["extend", {}],
    ["progress", { progress: 0.5 }],
    ["done", {}],
    ["retry", {}],
    ["dead-letter", { note: "not mine" }],
  ];
  for (const [ending, more] of endings) {
    const path = `/api/v1/leases/${ending}`;
    const answer = await server.ask("POST", path, { key: key2, body: { token, ...more } });
    assert.equal(answer.status, 403, ending);
    assert.equal(answer.body["code"], "security.forbidden", ending);
  }
  const done = { body: { token, result: 1 } };
  const own = await server.ask("POST", "/api/v1/leases/done", { key: key1, ...done });
  assert.equal(own.status, 204);
  const again = await server.ask("POST", "/api/v1/leases/done", { key: key1, ...done });
  assert.equal(again.status, 204, "a repeated settlement succeeds");
});

test("a request that names two namespaces is refused, not guessed at", async () => {
  const twice = [
    { path: "/api/v1/agents?namespace=default&namespace=other", headers: {} },
    { path: "/api/v1/agents?namespace=default", headers: { "x-cellphone-namespace": "other" } },
  ];
  for (const { path, headers } of twice) {
    const answer = await server.ask("GET", path, { key: server.adminKey, headers });
    assert.equal(answer.status, 400, path);
    assert.match(answer.text, /names more than one namespace/);
  }
  const same = { key: server.adminKey, headers: { "x-cellphone-namespace": "other" } };
  const answer = await server.ask("GET", "/api/v1/agents?namespace=other", same);
  assert.equal(answer.status, 200);
});

test("keys that could change prototypes are refused by name, other bad JSON as such", async () => {
  const bodies: [string, string, RegExp][] = [
    ['{"payload":{"__proto__":{"a":1}}}', "server.input_invalid", /"__proto__"/],
    ['{"payload":{"constructor":{"prototype":1}}}', "server.input_invalid", /"constructor"/],
    ['{"payload":', "server.json_malformed", /JSON/],
    ['{"payload":NaN}', "server.json_malformed", /JSON/],
  ];
  for (const [body, code, detail] of bodies) {
    const response = await fetch(`${server.url}/api/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-cellphone-key": key1 },
      body,
    });
    assert.equal(response.status, 400, body);
    const problem: unknown = await response.json();
    assert.equal(Reflect.get(Object(problem), "code"), code, body);
    assert.match(String(Reflect.get(Object(problem), "detail")), detail);
  }
});

test("a quarantined agent cannot leave, to come back without its quarantine", async () => {
  const key = await server.enrol("leaker");
  const admin = { key: server.adminKey, body: { reason: "leaks" } };
  await server.ask("POST", "/api/v1/agents/leaker/quarantine", admin);
  const refused = await server.ask("DELETE", "/api/v1/agents/leaker", { key });
  assert.equal(refused.body["code"], "communication.agent_quarantined");
  await server.enrol("leaker", { replace: true });
  const { body } = await server.ask("GET", "/api/v1/agents/leaker", { key: server.adminKey });
  assert.ok(body["quarantined"], "enrolling again does not end it");
  const removed = await server.ask("DELETE", "/api/v1/agents/leaker", { key: server.adminKey });
  assert.equal(removed.status, 204);
});
