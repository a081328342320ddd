// Every route's happy path, answered by real components, against the schema it declares; and the
// ways in which each refuses. The last test makes sure that no route is left out.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { at, PERFORMANCE_TAGS, RouteProbe } from "./test-support/route-probe.ts";
import { TestServer } from "./test-support/test-server.ts";
import type { Answer } from "./test-support/test-server.ts";

let server: TestServer;
let key = "";
let probe: RouteProbe;

before(async () => {
  server = await TestServer.start({}, { sdkFiles: { "agent-cellphone.js": import.meta.filename } });
  probe = new RouteProbe(server);
  key = await server.enrol("w1", { capabilities: ["sort"], instance: { id: "i1" } });
  await server.enrol("w2", { kind: "worker" });
});
after(() => server[Symbol.asyncDispose]());

const expect: RouteProbe["expect"] = (...asked) => probe.expect(...asked);

async function send(more: Record<string, unknown> = {}): Promise<Answer["body"]> {
  return expect(201, "POST", "/api/v1/messages", { recipientId: "w1", payload: { n: 1 }, ...more });
}

async function claimToken(): Promise<string> {
  const claimed = await expect(200, "POST", "/api/v1/inbox/w1/claim", { max: 1 }, key);
  return String(at(claimed, "messages.0.token"));
}

describe("health", () => {
  test("GET /healthz and /readyz answer, and readiness names what is not well", async () => {
    assert.deepEqual(await expect(200, "GET", "/healthz"), { status: "ok" });
    await expect(200, "GET", "/readyz");
    server.fleet.checks["series"] = { ok: false, detail: "disk full" };
    const broken = await server.ask("GET", "/readyz");
    assert.deepEqual([broken.status, at(broken.body, "checks.series.detail")], [503, "disk full"]);
    delete server.fleet.checks["series"];
  });

  test("A namespace that may still come back after a start is no unknown one", async () => {
    server.fleet.restoring = true;
    const path = "/api/v1/agents?namespace=later";
    const early = await server.ask("GET", path, { key: server.adminKey });
    assert.deepEqual([early.status, early.body["code"]], [503, "server.restoring"]);
    assert.equal(early.headers["retry-after"], "1");
    server.fleet.restoring = false;
    assert.equal((await server.ask("GET", path, { key: server.adminKey })).status, 404);
  });
});

describe("agents", () => {
  test("POST /api/v1/agents registers, then renews and keeps the instance", async () => {
    await expect(201, "POST", "/api/v1/agents", { agentId: "lib-1", instance: { id: "x" } });
    const again = await expect(200, "POST", "/api/v1/agents", { agentId: "lib-1", kind: "lib" });
    assert.deepEqual([at(again, "instance.id"), again["kind"]], ["x", "lib"]);
  });

  test("POST /api/v1/agents refuses reserved and bad names, and other agents' names", async () => {
    const reserved = await expect(400, "POST", "/api/v1/agents", { agentId: "cellphone" });
    assert.equal(reserved["code"], "communication.name_reserved");
    for (const agentId of ["", "x".repeat(129), "a b", 7, undefined]) {
      const bad = await expect(400, "POST", "/api/v1/agents", { agentId });
      assert.equal(bad["code"], "server.input_invalid");
    }
    const other = await expect(403, "POST", "/api/v1/agents", { agentId: "w2" }, key);
    assert.equal(other["code"], "security.forbidden");
  });

  test("GET /api/v1/agents filters; an agent may look", async () => {
    const found = await expect(200, "GET", "/api/v1/agents?capability=sort", undefined, key);
    assert.deepEqual([at(found, "agents.0.id"), at(found, "agents.1")], ["w1", undefined]);
    const unknown = await expect(400, "GET", "/api/v1/agents?capabilty=sort");
    assert.match(String(unknown["detail"]), /query\.capabilty.*did you mean "capability"/);
    await expect(400, "GET", "/api/v1/agents?limit=0");
    await expect(400, "GET", "/api/v1/agents?state=sleepy");
  });

  test("GET /api/v1/agents/{id} finds one, or names near matches", async () => {
    assert.equal((await expect(200, "GET", "/api/v1/agents/w1"))["id"], "w1");
    const missing = await expect(404, "GET", "/api/v1/agents/w11");
    assert.equal(missing["code"], "communication.agent_unknown");
    assert.ok(JSON.stringify(missing["nearMatches"]).includes("w1"));
  });

  test("PATCH and DELETE /api/v1/agents/{id} change and remove; the key dies with it", async () => {
    const goneKey = await server.enrol("gone");
    const change = { status: "busy", note: "x", capabilities: ["a"], metadata: { b: 1 } };
    const changed = await expect(200, "PATCH", "/api/v1/agents/gone", change, goneKey);
    assert.deepEqual([changed["status"], changed["capabilities"]], ["busy", ["a"]]);
    await expect(400, "PATCH", "/api/v1/agents/gone", { status: "sleepy" });
    await expect(403, "PATCH", "/api/v1/agents/gone", change, key);
    await expect(204, "DELETE", "/api/v1/agents/gone");
    await expect(404, "DELETE", "/api/v1/agents/gone");
    const after = await server.ask("GET", "/api/v1/whoami", { key: goneKey });
    assert.deepEqual([after.status, after.body["code"]], [401, "security.key_revoked"]);
  });

  test("POST heartbeat answers with what waits; only for oneself", async () => {
    const process = { cpuPercent: 12, memoryBytes: 1000, processes: 2 };
    const body = { status: "online", process, leases: [], instanceId: "i1" };
    const reply = await expect(200, "POST", "/api/v1/agents/w1/heartbeat", body, key);
    assert.equal(reply["intervalMs"], 30_000);
    await expect(403, "POST", "/api/v1/agents/w2/heartbeat", {}, key);
    await expect(404, "POST", "/api/v1/agents/nobody/heartbeat", {});
  });

  test("pause, resume and restart are for admins, and the wrapper gets the order", async () => {
    const paused = await expect(200, "POST", "/api/v1/agents/w2/pause", { reason: "test" });
    assert.deepEqual([at(paused, "paused.by"), at(paused, "paused.reason")], ["operator", "test"]);
    const resumed = await expect(200, "POST", "/api/v1/agents/w2/resume");
    assert.equal(resumed["paused"], null);
    const { commandId } = await expect(202, "POST", "/api/v1/agents/w2/restart");
    const beat = await expect(200, "POST", "/api/v1/agents/w2/heartbeat", {});
    const commands = at(beat, "commands");
    assert.ok(Array.isArray(commands));
    assert.ok(commands.some((command) => at(command, "id") === commandId));
    const ack = { ackCommands: commands.map((command) => at(command, "id")) };
    const then = await expect(200, "POST", "/api/v1/agents/w2/heartbeat", ack);
    assert.deepEqual(then["commands"], []);
    for (const order of ["pause", "resume", "restart"]) {
      await expect(403, "POST", `/api/v1/agents/w1/${order}`, undefined, key);
      await expect(404, "POST", `/api/v1/agents/nobody/${order}`);
    }
  });

  test("quarantine refuses what an agent says and measures, until it is released", async () => {
    const evilKey = await server.enrol("evil");
    await expect(403, "POST", "/api/v1/agents/evil/quarantine", {}, evilKey);
    const reason = "leaked a key";
    const held = await expect(200, "POST", "/api/v1/agents/evil/quarantine", { reason });
    assert.deepEqual(
      [at(held, "quarantined.by"), at(held, "quarantined.reason")],
      ["operator", reason],
    );
    const said: readonly (readonly [string, object])[] = [
      ["/api/v1/messages", { recipientId: "w1", payload: 1 }],
      ["/api/v1/broadcasts", { payload: 1 }],
      ["/api/v1/metrics", { samples: [] }],
      ["/api/v1/spans", { spans: [] }],
      ["/api/v1/alerts", { level: "info", message: "all is well" }],
    ];
    for (const [path, body] of said) {
      const refused = await expect(403, "POST", path, body, evilKey);
      assert.equal(refused["code"], "communication.agent_quarantined", path);
    }
    await expect(200, "POST", "/api/v1/agents/evil/heartbeat", {}, evilKey);
    await expect(200, "GET", "/api/v1/agents/evil", undefined, evilKey);
    const free = await expect(200, "POST", "/api/v1/agents/evil/release");
    assert.equal(free["quarantined"], null);
    await expect(202, "POST", "/api/v1/metrics", { samples: [] }, evilKey);
  });

  test("quarantine and release are for admins; a heartbeat that waits hears of both", async () => {
    const knows = { paused: false, quarantined: false, commands: [] };
    const beat = { waitMs: 60_000, knows };
    const waiting = expect(200, "POST", "/api/v1/agents/w1/heartbeat", beat, key);
    const held = await expect(200, "POST", "/api/v1/agents/w1/quarantine", { reason: "leaks" });
    assert.equal(at(held, "quarantined.by"), "operator");
    assert.equal(at(held, "quarantined.reason"), "leaks");
    assert.equal((await waiting)["quarantined"], true);
    const send = { recipientId: "w2", payload: 1 };
    const refused = await expect(403, "POST", "/api/v1/messages", send, key);
    assert.equal(refused["code"], "communication.agent_quarantined");
    await expect(200, "GET", "/api/v1/inbox/w1", undefined, key);
    const released = await expect(200, "POST", "/api/v1/agents/w1/release");
    assert.equal(released["quarantined"], null);
    for (const order of ["quarantine", "release"]) {
      await expect(403, "POST", `/api/v1/agents/w1/${order}`, undefined, key);
      await expect(404, "POST", `/api/v1/agents/nobody/${order}`);
    }
    await expect(400, "POST", "/api/v1/agents/w1/heartbeat", { waitMs: 60_001 }, key);
  });

  test("the log keeps the last lines of an agent", async () => {
    const lines = [{ atMs: 1, stream: "stderr", text: "boom" }];
    await expect(204, "POST", "/api/v1/agents/w1/log", { lines }, key);
    assert.deepEqual(await expect(200, "GET", "/api/v1/agents/w1/log?limit=5"), { lines });
    await expect(400, "POST", "/api/v1/agents/w1/log", { lines: [{ atMs: 1, text: "x" }] }, key);
    await expect(403, "GET", "/api/v1/agents/w2/log", undefined, key);
    await expect(404, "GET", "/api/v1/agents/nobody/log");
  });

  test("states and summary tell an agent's past", async () => {
    await expect(200, "GET", "/api/v1/agents/w1/states?fromMs=0");
    await expect(200, "GET", "/api/v1/agents/w1/summary", undefined, key);
    await expect(403, "GET", "/api/v1/agents/w2/states", undefined, key);
    await expect(400, "GET", "/api/v1/agents/w1/states?fromMs=soon");
  });
});

describe("messages", () => {
  test("POST /api/v1/messages accepts, dedupes, and refuses what cannot be delivered", async () => {
    const first = await send({ dedupeKey: "k1" });
    const again = await send({ dedupeKey: "k1" });
    assert.deepEqual([again["messageId"], again["duplicate"]], [first["messageId"], true]);
    const read = await expect(200, "GET", `/api/v1/messages/${String(first["messageId"])}`);
    assert.equal(at(read, "message.senderId"), "operator");
    assert.match(String(at(read, "message.traceparent")), /^00-[0-9a-f]{32}-/);
    const missing = { recipientId: "w11", payload: 1 };
    const unknown = await expect(404, "POST", "/api/v1/messages", missing);
    assert.equal(unknown["code"], "communication.recipient_unknown");
    const bad = { recipientId: "w1" };
    assert.match(
      String((await expect(400, "POST", "/api/v1/messages", bad))["detail"]),
      /body\.payload is missing/,
    );
    const reserved = { recipientId: "w1", payload: 1, type: "delivery_failed" };
    await expect(400, "POST", "/api/v1/messages", reserved);
    await expect(400, "POST", "/api/v1/messages", { ...missing, traceparent: "x" });
    await expect(404, "GET", "/api/v1/messages/msg_none");
  });

  test("an agent sends in its own name only", async () => {
    const body = { recipientId: "w2", payload: "hi" };
    const sent = await expect(201, "POST", "/api/v1/messages", body, key);
    const read = await expect(
      200,
      "GET",
      `/api/v1/messages/${String(sent["messageId"])}`,
      undefined,
      key,
    );
    assert.equal(at(read, "message.senderId"), "w1");
    for (const path of ["/api/v1/messages", "/api/v1/broadcasts"]) {
      const { recipientId, ...broadcast } = body;
      const fitting = path.endsWith("messages") ? { ...broadcast, recipientId } : broadcast;
      const refused = await expect(403, "POST", path, { ...fitting, senderId: "w2" }, key);
      assert.equal(refused["code"], "security.not_the_sender");
    }
  });

  test("POST /api/v1/messages/batch answers item by item", async () => {
    const messages = [
      { recipientId: "w1", payload: 1 },
      { recipientId: "nobody", payload: 2 },
    ];
    const { results } = await expect(200, "POST", "/api/v1/messages/batch", { messages });
    assert.match(String(at(results, "0.messageId")), /^msg_/);
    assert.equal(at(results, "1.error.code"), "communication.recipient_unknown");
    const many = Array.from({ length: 257 }, () => messages[0]);
    await expect(400, "POST", "/api/v1/messages/batch", { messages: many });
  });

  test("POST /api/v1/broadcasts reaches a kind, not the sender", async () => {
    const body = { payload: { text: "hello" }, kind: "worker" };
    const sent = await expect(201, "POST", "/api/v1/broadcasts", body, key);
    assert.deepEqual(sent["recipients"], ["w2"]);
    await expect(400, "POST", "/api/v1/broadcasts", { kind: "worker" });
  });

  test("GET /api/v1/messages shows an agent its own, an admin all", async () => {
    await expect(201, "POST", "/api/v1/messages", { recipientId: "w2", payload: "private" });
    const all = await expect(200, "GET", "/api/v1/messages?text=private");
    assert.equal(at(all, "messages.0.message.payload"), "private");
    const own = await expect(200, "GET", "/api/v1/messages?text=private", undefined, key);
    assert.deepEqual(own["messages"], []);
    await expect(403, "GET", "/api/v1/messages?agentId=w2", undefined, key);
    const id = String(at(all, "messages.0.message.id"));
    await expect(403, "GET", `/api/v1/messages/${id}`, undefined, key);
    await expect(403, "GET", `/api/v1/messages/${id}/reply`, undefined, key);
    const refused = await expect(400, "GET", "/api/v1/messages?limit=1001");
    assert.match(String(refused["detail"]), /query\.limit must be a whole number from 1 to 1000$/);
  });

  test("GET reply says not yet, then gives the answer", async () => {
    await drainInbox();
    const sent = await send({ expectsReply: true });
    const path = `/api/v1/messages/${String(sent["messageId"])}/reply`;
    await expect(204, "GET", path);
    const waiting = expect(200, "GET", `${path}?waitMs=10000`);
    const token = await claimToken();
    await expect(204, "POST", "/api/v1/leases/done", { token, reply: { n: 2 } }, key);
    assert.deepEqual((await waiting)["payload"], { n: 2 });
    await expect(400, "GET", `${path}?waitMs=60001`);
    await expect(404, "GET", "/api/v1/messages/msg_none/reply");
  });

  test("GET /api/v1/conversations sums up", async () => {
    const { conversations } = await expect(200, "GET", "/api/v1/conversations?limit=5");
    assert.ok(Array.isArray(conversations) && conversations.length > 0);
    await expect(200, "GET", "/api/v1/conversations", undefined, key);
    await expect(403, "GET", "/api/v1/conversations?agentId=w2", undefined, key);
    const [first, second] = [at(conversations, "0"), at(conversations, "1")];
    const [beforeMs, beforeId] = [at(first, "lastAtMs"), at(first, "conversationId")];
    const place = `beforeMs=${String(beforeMs)}&beforeId=${String(beforeId)}`;
    const next = await expect(200, "GET", `/api/v1/conversations?limit=1&${place}`);
    assert.deepEqual(at(next, "conversations.0"), second);
  });
});

async function drainInbox(): Promise<void> {
  for (;;) {
    const claimed = await expect(200, "POST", "/api/v1/inbox/w1/claim", { max: 256 }, key);
    const messages = claimed["messages"];
    if (!Array.isArray(messages) || messages.length === 0) return;
    for (const one of messages) {
      await expect(204, "POST", "/api/v1/leases/done", { token: at(one, "token") }, key);
    }
  }
}

describe("inbox", () => {
  test("claim, extend, progress, done; a stale token is refused", async () => {
    await drainInbox();
    await send({ type: "task_assignment", task: { title: "sort it" } });
    const counts = await expect(200, "GET", "/api/v1/inbox/w1", undefined, key);
    assert.equal(at(counts, "ready.normal"), 1);
    const token = await claimToken();
    await expect(200, "POST", "/api/v1/leases/extend", { token }, key);
    const half = { token, progress: 0.5, note: "half" };
    await expect(200, "POST", "/api/v1/leases/progress", half, key);
    await expect(204, "POST", "/api/v1/leases/done", { token, result: [1, 2] }, key);
    const stale = await expect(409, "POST", "/api/v1/leases/extend", { token }, key);
    assert.equal(stale["code"], "communication.lease_lost");
  });

  test("retry gives back; dead-letter kills, and redrive revives", async () => {
    await drainInbox();
    await send();
    const token = await claimToken();
    await expect(204, "POST", "/api/v1/leases/retry", { token, delayMs: 0, note: "later" }, key);
    const again = await claimToken();
    await expect(400, "POST", "/api/v1/leases/dead-letter", { token: again }, key);
    const verdict = { token: again, note: "no such file" };
    await expect(204, "POST", "/api/v1/leases/dead-letter", verdict, key);
    const dead = await expect(200, "GET", "/api/v1/dead-letters", undefined, key);
    const deliveryId = String(at(dead, "messages.0.deliveries.0.id"));
    assert.equal(at(dead, "messages.0.deliveries.0.note"), "no such file");
    await expect(403, "GET", "/api/v1/dead-letters?agentId=w2", undefined, key);
    const beforeId = String(at(dead, "messages.0.message.id"));
    const older = await expect(200, "GET", `/api/v1/dead-letters?beforeId=${beforeId}`);
    assert.ok(!JSON.stringify(older).includes(beforeId));
    const redrive = `/api/v1/dead-letters/${deliveryId}/redrive`;
    await expect(403, "POST", redrive, undefined, key);
    assert.equal((await expect(200, "POST", redrive))["state"], "ready");
    await expect(409, "POST", redrive);
    await expect(404, "POST", "/api/v1/dead-letters/dlv_none/redrive");
    await expect(
      204,
      "POST",
      "/api/v1/leases/dead-letter",
      { ...verdict, token: await claimToken() },
      key,
    );
    const all = await expect(200, "POST", "/api/v1/dead-letters/redrive", { agentId: "w1" });
    assert.deepEqual(all, { redriven: 1, stayed: {} });
  });

  test("claim waits for mail, and refuses what it cannot do", async () => {
    await drainInbox();
    const waiting = expect(200, "POST", "/api/v1/inbox/w1/claim", { waitMs: 10_000 }, key);
    await send({ payload: "at last" });
    assert.equal(at(await waiting, "messages.0.message.payload"), "at last");
    await expect(403, "POST", "/api/v1/inbox/w2/claim", {}, key);
    await expect(404, "POST", "/api/v1/inbox/nobody/claim", {});
    await expect(404, "GET", "/api/v1/inbox/nobody");
    for (const body of [{ max: 0 }, { max: 257 }, { waitMs: 60_001 }, { leaseMs: 1 }]) {
      await expect(400, "POST", "/api/v1/inbox/w1/claim", body, key);
    }
    await expect(400, "POST", "/api/v1/leases/done", { token: "nonsense" }, key);
    await drainInbox();
  });
});

describe("tasks", () => {
  test("an agent starts, changes, ends and lists its own", async () => {
    const task = await expect(201, "POST", "/api/v1/tasks", { title: "index repo" }, key);
    const path = `/api/v1/tasks/${String(task["id"])}`;
    const changed = await expect(200, "PATCH", path, { progress: 0.5, note: "half" }, key);
    assert.equal(changed["progress"], 0.5);
    await expect(400, "PATCH", path, { result: 1 }, key);
    const ended = await expect(200, "PATCH", path, { state: "completed", result: { n: 1 } }, key);
    assert.deepEqual([ended["state"], ended["result"]], ["completed", { n: 1 }]);
    await expect(409, "PATCH", path, { progress: 1 }, key);
    assert.equal((await expect(200, "GET", path, undefined, key))["state"], "completed");
    const open = await expect(200, "GET", "/api/v1/tasks?open=true", undefined, key);
    assert.ok(!JSON.stringify(open).includes(String(task["id"])));
    const after = await expect(200, "GET", `/api/v1/tasks?beforeId=${String(task["id"])}`);
    assert.ok(!JSON.stringify(after).includes(String(task["id"])));
    await expect(404, "GET", "/api/v1/tasks/task_none");
  });

  test("a task keeps the trace it is begun in", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const given = { title: "index repo", traceparent };
    const task = await expect(201, "POST", "/api/v1/tasks", given, key);
    assert.equal(task["traceparent"], traceparent);
    const wrong = { title: "index repo", traceparent: `00-${"0".repeat(32)}-${"1".repeat(16)}-01` };
    await expect(400, "POST", "/api/v1/tasks", wrong, key);
    await expect(200, "PATCH", `/api/v1/tasks/${String(task["id"])}`, { state: "canceled" }, key);
  });

  test("another agent's task is out of reach, and an admin says whose it is", async () => {
    await expect(400, "POST", "/api/v1/tasks", { title: "whose" });
    const task = await expect(201, "POST", "/api/v1/tasks", { title: "theirs", agentId: "w2" });
    const path = `/api/v1/tasks/${String(task["id"])}`;
    await expect(403, "GET", path, undefined, key);
    await expect(403, "PATCH", path, { state: "canceled" }, key);
    await expect(403, "POST", "/api/v1/tasks", { title: "x", agentId: "w2" }, key);
    await expect(403, "GET", "/api/v1/tasks?agentId=w2", undefined, key);
  });
});

describe("dashboard", () => {
  test("overview and events are for admins", async () => {
    const overview = await expect(200, "GET", "/api/v1/overview");
    assert.ok(Number(at(overview, "summary.counts.total")) >= 2);
    const { events } = await expect(200, "GET", "/api/v1/events?limit=1000");
    assert.ok(Array.isArray(events) && events.length > 0);
    const lastId = Number(at(events.at(-1), "id"));
    assert.deepEqual(await expect(200, "GET", `/api/v1/events?afterId=${lastId}`), { events: [] });
    for (const path of ["/api/v1/overview", "/api/v1/events", "/api/v1/stream"]) {
      await expect(403, "GET", path, undefined, key);
    }
  });
});

describe("identity", () => {
  test("whoami, login codes and logout tell who one is", async () => {
    assert.equal((await expect(200, "GET", "/api/v1/whoami", undefined, key))["id"], "w1");
    const link = await expect(201, "POST", "/api/v1/login-codes");
    assert.equal(link["url"], `${server.url}/in#${String(link["code"])}`);
    await expect(403, "POST", "/api/v1/login-codes", undefined, key);
    await expect(204, "POST", "/in", { code: link["code"] });
    await expect(401, "POST", "/in", { code: link["code"] });
    await expect(400, "POST", "/in", {});
    await expect(204, "POST", "/api/v1/logout");
  });

  test("enrolments are made, listed without tokens, used and deleted", async () => {
    const body = { expiresIn: "12h", note: "night run" };
    const made = await expect(201, "POST", "/api/v1/enrolments", body);
    const token = String(made["token"]);
    assert.equal(made["url"], server.url.replace("://", `://${token}@`));
    const list = await expect(200, "GET", "/api/v1/enrolments");
    assert.ok(JSON.stringify(list).includes("night run") && !JSON.stringify(list).includes(token));
    const posing = await expect(400, "POST", "/api/v1/enrol", { name: "operator" }, token);
    assert.equal(posing["code"], "communication.name_reserved");
    const enrolled = await expect(201, "POST", "/api/v1/enrol", { name: "e1" }, token);
    assert.equal(enrolled["agentId"], "e1");
    await expect(403, "GET", "/api/v1/agents", undefined, token);
    await expect(204, "DELETE", `/api/v1/enrolments/${String(made["id"])}`);
    await expect(404, "DELETE", "/api/v1/enrolments/enr_none");
    const after = await expect(401, "POST", "/api/v1/enrol", { name: "e2" }, token);
    assert.equal(after["code"], "security.key_revoked");
    for (const expiresIn of ["soon", "1s", "4000d"]) {
      await expect(400, "POST", "/api/v1/enrolments", { expiresIn });
    }
    await expect(403, "POST", "/api/v1/enrol", { name: "w3" }, key);
  });

  test("enrol refuses a held name, gives it back to the same instance, replaces on demand", async () => {
    const { token } = await expect(201, "POST", "/api/v1/enrolments", {});
    const own = String(token);
    const enrol = (more: object, status: number): Promise<Answer["body"]> =>
      expect(status, "POST", "/api/v1/enrol", { name: "e3", ...more }, own);
    const first = await enrol({ instance: { id: "a", pid: 1 } }, 201);
    const held = await enrol({ instance: { id: "b" } }, 409);
    assert.deepEqual([held["code"], held["instance"]], ["security.name_in_use", "a"]);
    await enrol({ instance: { id: "a" } }, 201);
    const last = await enrol({ instance: { id: "b" }, replace: true }, 201);
    const old = await expect(401, "GET", "/api/v1/whoami", undefined, String(first["key"]));
    assert.equal(old["code"], "security.key_replaced");
    const beat = { left: true, instanceId: "b" };
    await expect(200, "POST", "/api/v1/agents/e3/heartbeat", beat, String(last["key"]));
    await enrol({ instance: { id: "c" } }, 201);
    const stranger = await expect(201, "POST", "/api/v1/enrolments", {});
    const body = { name: "e3", replace: true };
    const theirs = await expect(403, "POST", "/api/v1/enrol", body, String(stranger["token"]));
    assert.equal(theirs["code"], "security.name_not_yours");
  });

  test("POST /api/v1/admin-keys rotates the key", async () => {
    const { key: fresh } = await expect(201, "POST", "/api/v1/admin-keys");
    const old = await expect(401, "GET", "/api/v1/whoami");
    assert.equal(old["code"], "security.key_revoked");
    server.adminKey = String(fresh);
    await expect(200, "GET", "/api/v1/whoami");
  });
});

describe("operations", () => {
  test("config and server facts", async () => {
    const { options } = await expect(200, "GET", "/api/v1/config");
    assert.ok(Array.isArray(options) && options.length > 0);
    assert.equal((await expect(200, "GET", "/api/v1/server"))["pid"], process.pid);
  });

  test("GET /api/v1/audit has a row for every change, none for sends and heartbeats", async () => {
    await send();
    await expect(200, "POST", "/api/v1/agents/w2/pause", { reason: "audit me" });
    await expect(200, "POST", "/api/v1/agents/w2/resume");
    const { entries } = await expect(200, "GET", "/api/v1/audit?limit=1000");
    assert.ok(Array.isArray(entries));
    const actions = entries.map((entry) => String(at(entry, "action")));
    assert.deepEqual(actions.slice(0, 2), ["agent.resume", "agent.pause"]);
    assert.deepEqual(at(entries[1], "details"), { reason: "audit me" });
    for (const silent of ["message.send", "agent.heartbeat", "metric.record", "inbox.claim"]) {
      const done: unknown[] = entries.filter(
        (entry: unknown) => at(entry, "action") === silent && at(entry, "outcome") === "done",
      );
      assert.equal(done.length, 0, silent);
    }
    const refused = await expect(200, "GET", "/api/v1/audit?outcome=refused&action=message.send");
    assert.equal(at(refused, "entries.0.reason"), "security.not_the_sender");
    assert.equal(at(refused, "entries.0.actor"), "agent:w1");
    const beforeId = String(at(entries[0], "id"));
    const older = await expect(200, "GET", `/api/v1/audit?limit=1&beforeId=${beforeId}`);
    assert.equal(at(older, "entries.0.id"), at(entries[1], "id"));
  });

  test("namespaces are made, changed, kept apart, deleted with their keys", async () => {
    const config = { communication: { heartbeatInterval: 2 } };
    await expect(201, "PUT", "/api/v1/namespaces/demo", { config });
    await expect(200, "PUT", "/api/v1/namespaces/demo", {});
    const { namespaces } = await expect(200, "GET", "/api/v1/namespaces");
    assert.ok(JSON.stringify(namespaces).includes('"demo"'));
    const enrolled = await expect(201, "POST", "/api/v1/enrol?namespace=demo", { name: "d1" });
    await expect(404, "GET", "/api/v1/agents/d1");
    await expect(200, "GET", "/api/v1/agents/d1?namespace=demo");
    const demoKey = String(enrolled["key"]);
    await expect(200, "GET", "/api/v1/agents/d1", undefined, demoKey);
    await expect(403, "GET", "/api/v1/agents?namespace=default", undefined, demoKey);
    await expect(204, "DELETE", "/api/v1/namespaces/demo");
    await expect(404, "DELETE", "/api/v1/namespaces/demo");
    await expect(401, "GET", "/api/v1/whoami", undefined, demoKey);
    const kept = await expect(409, "DELETE", "/api/v1/namespaces/default");
    assert.equal(kept["code"], "server.namespace_protected");
    const unknown = await expect(404, "GET", "/api/v1/agents?namespace=demo");
    assert.equal(unknown["code"], "server.namespace_unknown");
    await expect(400, "PUT", "/api/v1/namespaces/a%20b", {});
  });

  test("GET /api/v1/dashboard/{view} answers each of the five; kpis, report and system do", async () => {
    await server.ask("POST", "/api/v1/metrics", {
      key,
      body: { samples: [{ metric: "response_time", value: 0.2 }] },
    });
    for (const view of ["system_overview", "metrics_detail", "alerts", "historical"]) {
      const data = await expect(200, "GET", `/api/v1/dashboard/${view}?metric=response_time`);
      assert.equal(data["view"], view);
    }
    const one = await expect(200, "GET", "/api/v1/dashboard/agent_performance?agentId=w1");
    assert.deepEqual([at(one, "agents.0.agentId"), at(one, "agents.1")], ["w1", undefined]);
    assert.ok(at(one, "agents.0.metrics.response_time"));
    await expect(400, "GET", "/api/v1/dashboard/everything");
    await expect(403, "GET", "/api/v1/dashboard/alerts", undefined, key);
    const { kpis } = await expect(200, "GET", "/api/v1/kpis");
    assert.equal(at(kpis, "0.id"), "system_health");
    const path = "/api/v1/report.html";
    const report = await server.admin("GET", path);
    probe.check("GET", path, report);
    assert.match(report.text, /^<!doctype html>/i);
    assert.match(String(report.headers["content-security-policy"]), /default-src 'none'/);
    const machine = await expect(200, "GET", "/api/v1/system");
    assert.equal(at(machine, "process.pid"), process.pid);
  });

  test("GET /api/v1/export streams everything as one document", async () => {
    const document = await expect(200, "GET", "/api/v1/export");
    assert.deepEqual(Object.keys(document), [
      "exportedAt",
      "namespace",
      "tracker",
      "profiler",
      "profiles",
      "communication",
      "gateway",
      "dashboard",
      "audit",
    ]);
    assert.equal(at(document, "profiler.format"), "agent-cellphone/profiling");
    assert.equal(at(document, "gateway.format"), "agent-cellphone/gateway");
    assert.equal(at(document, "dashboard.format"), "agent-cellphone/dashboard");
    assert.equal(at(document, "communication.format"), "agent-cellphone/communication");
    assert.equal(at(document, "tracker.format"), "agent-cellphone/metrics");
    assert.ok(Array.isArray(document["audit"]) && document["audit"].length > 0);
  });

  test("documentation and SDKs are served", async () => {
    await expect(200, "GET", "/api/openapi.json", undefined, key);
    await expect(200, "GET", "/api/docs", undefined, key);
    const file = await server.ask("GET", "/sdk/agent-cellphone.js");
    assert.ok(file.text.startsWith("// Every route's happy path"));
    probe.check("GET", "/sdk/agent-cellphone.js", file);
    await expect(404, "GET", "/sdk/toString");
  });
});

test("every documented route has answered with success above, or beside", () => {
  const tags = new Set(server.controlPlane.routes.map(({ tag }) => tag));
  const live = "GET /api/v1/stream"; // endless: live-stream.test.ts
  const rest = probe.unanswered(tags.difference(PERFORMANCE_TAGS));
  assert.deepEqual(
    rest.filter((name) => name !== live),
    [],
  );
});
