import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { test } from "node:test";

import type { Principal } from "../core/index.ts";
import { RequestRoom } from "./request-room.ts";
import { TestServer } from "./test-support/test-server.ts";

const agent: Principal = { kind: "agent", id: "w1", namespace: "default", via: "key" };

test("RequestRoom.enter() refuses an agent one request too many, until one of them ends", () => {
  const room = new RequestRoom(2);
  const first = {};
  room.enter(first, agent);
  room.enter({}, agent);
  assert.throws(() => room.enter({}, agent), { code: "server.too_many_requests" });
  room.enter({}, { ...agent, namespace: "other" });
  room.enter({}, { ...agent, kind: "admin" });
  room.leave(first);
  room.leave(first);
  room.enter({}, agent);
  assert.throws(() => room.enter({}, agent), { code: "server.too_many_requests" });
});

test("an agent's polls under way end with their connections and make room again", async () => {
  await using server = await TestServer.start();
  const key = await server.enrol("w1");
  const { hostname, port } = new URL(server.url);
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const path = "/api/v1/inbox/w1/claim";
  const sent: Promise<void>[] = [];
  const polls = Array.from({ length: 1000 }, () => {
    const poll = httpRequest({ hostname, port, path, method: "POST", headers, agent: false });
    poll.on("error", () => undefined);
    sent.push(new Promise((resolve) => poll.end('{"waitMs":60000}', resolve)));
    return poll;
  });
  await Promise.all(sent);
  const answer = await waitFor(server, key, 429);
  assert.equal(answer.body["code"], "server.too_many_requests");
  assert.equal(answer.headers["retry-after"], "1");
  assert.equal((await server.admin("GET", "/api/v1/agents/w1")).status, 200);
  for (const poll of polls) poll.destroy();
  await waitFor(server, key, 200);
});

async function waitFor(server: TestServer, key: string, status: number) {
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const answer = await server.ask("GET", "/api/v1/whoami", { key });
    if (answer.status === status) return answer;
  }
  return assert.fail(`never answered ${status}`);
}
