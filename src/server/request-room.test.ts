import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { request as httpRequest } from "node:http";
import { test } from "node:test";

import type { Principal } from "../core/index.ts";
import { serverLimits } from "./limits.ts";
import { RequestRoom } from "./request-room.ts";
import { TestServer } from "./test-support/test-server.ts";
import type { Answer } from "./test-support/test-server.ts";

const agent: Principal = { kind: "agent", id: "w1", namespace: "default", via: "key" };

test("RequestRoom.enter() refuses an agent one request too many, until one of them ends", () => {
  const room = new RequestRoom(2);
  const first = new EventEmitter();
  const other = new EventEmitter();
  const tooMany = { code: "server.too_many_requests" };
  room.enter(first, agent);
  room.enter(other, agent);
  assert.throws(() => room.enter(other, agent), tooMany);
  room.enter(other, { ...agent, namespace: "other" });
  room.enter(other, { ...agent, kind: "admin" });
  first.emit("close");
  first.emit("close");
  room.enter(first, agent);
  assert.throws(() => room.enter(first, agent), tooMany);
});

test("an agent's waits under way end with their connections and make room again", async () => {
  await using server = await TestServer.start();
  const key = await server.enrol("w1");
  await server.enrol("w2");
  const body = { recipientId: "w2", payload: 1 };
  const sent = await server.ask("POST", "/api/v1/messages", { key, body });
  const messageId = /msg_\w+/.exec(sent.text)?.[0] ?? assert.fail(sent.text);
  const { hostname, port } = new URL(server.url);
  const headers = { authorization: `Bearer ${key}` };
  const path = `/api/v1/messages/${messageId}/reply?waitMs=60000`;
  const waits = Array.from({ length: serverLimits.agentRequests.value }, () => {
    const wait = httpRequest({ hostname, port, path, headers, agent: false });
    wait.on("error", () => undefined);
    wait.end();
    return wait;
  });
  const refused = await until(server, key, 429);
  assert.equal(refused.body["code"], "server.too_many_requests");
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal((await server.admin("GET", "/api/v1/agents/w1")).status, 200);
  for (const wait of waits) wait.destroy();
  await until(server, key, 200);
});

async function until(server: TestServer, key: string, status: number): Promise<Answer> {
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const answer = await server.ask("GET", "/api/v1/whoami", { key });
    if (answer.status === status) return answer;
  }
  return assert.fail(`never answered ${status}`);
}
