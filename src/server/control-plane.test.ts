// What every request goes through, whatever its route: who may, from where, in which form.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";

import { actionTable } from "../security/index.ts";
import type { Access } from "../security/index.ts";
import type { Route } from "./route.ts";
import { TestServer } from "./test-support/test-server.ts";
import type { Ask } from "./test-support/test-server.ts";

let server: TestServer;
let key = "";
let token = "";

before(async () => {
  server = await TestServer.start({ trustedHosts: "cellphone.example, Other.Example" });
  key = await server.enrol("w1");
  token = (await server.identities.createEnrolment("default")).token;
});
after(() => server[Symbol.asyncDispose]());

function accessOf(route: Route): Access {
  return actionTable[route.action];
}

function pathOf(route: Route): string {
  return route.path.replaceAll(/\{\w+\}/g, "x1").replace("/*", "/x1");
}

async function signIn(): Promise<string> {
  const { code } = server.identities.createLoginCode();
  const answer = await server.ask("POST", "/in", { body: { code } });
  const [cookie = ""] = answer.headers["set-cookie"] ?? [];
  return cookie.split(";")[0] ?? "";
}

describe("authorisation of all routes", () => {
  test("without a key only the public routes answer; the rest say 401 before anything else", async () => {
    const open: string[] = [];
    for (const route of server.controlPlane.routes) {
      const answer = await server.ask(route.method, pathOf(route), { body: {} });
      if (accessOf(route) === "public") open.push(route.path);
      else {
        const got = [answer.status, answer.body["code"]];
        assert.deepEqual(got, [401, "security.key_missing"], `${route.method} ${route.path}`);
        assert.equal(answer.headers["www-authenticate"], 'Bearer realm="agent-cellphone"');
      }
    }
    const public_ = ["/*", "/healthz", "/in", "/in", "/readyz", "/sdk/{file}"];
    assert.deepEqual(open.sort(), public_);
  });

  test("an agent's key is refused where only admins or enrolments may", async () => {
    for (const route of server.controlPlane.routes) {
      const access = accessOf(route);
      if (access !== "admin" && access !== "enrol") continue;
      const answer = await server.ask(route.method, pathOf(route), { key, body: {} });
      const got = [answer.status, answer.body["code"]];
      assert.deepEqual(got, [403, "security.forbidden"], `${route.method} ${route.path}`);
    }
  });

  test("an agent's key is refused for anything about another agent", async () => {
    for (const route of server.controlPlane.routes) {
      if (accessOf(route) !== "self" || !/agents\/\{id\}|\{agentId\}/.test(route.path)) continue;
      const answer = await server.ask(route.method, pathOf(route), { key, body: {} });
      assert.equal(answer.status, 403, `${route.method} ${route.path}`);
    }
  });

  test("an enrolment may only enrol and ask who it is", async () => {
    for (const route of server.controlPlane.routes) {
      const access = accessOf(route);
      if (access === "public" || access === "enrol" || access === "known") continue;
      const answer = await server.ask(route.method, pathOf(route), { key: token, body: {} });
      assert.equal(answer.status, 403, `${route.method} ${route.path}`);
    }
  });

  test("refusals leave audit rows, few even in a flood", async () => {
    for (let count = 0; count < 50; count++) {
      await server.ask("GET", `/api/v1/agents/flood-${count}/log`, { key });
    }
    const { entries } = (
      await server.admin(
        "GET",
        "/api/v1/audit?outcome=refused&action=agent.log.read&actor=agent:w1",
      )
    ).body;
    assert.ok(Array.isArray(entries) && entries.length === 1, JSON.stringify(entries));
  });
});

describe("ways to give a key", () => {
  test("Bearer, x-cellphone-key, Basic with the key as user, and the cookie", async () => {
    const asks: Ask[] = [
      { key: server.adminKey },
      { headers: { "x-cellphone-key": server.adminKey } },
      { headers: { authorization: `Basic ${btoa(`${server.adminKey}:`)}` } },
      { headers: { cookie: `other=1; ${await signIn()}` } },
      { viaSocket: true },
    ];
    const seen = [];
    for (const ask of asks) {
      const { body } = await server.ask("GET", "/api/v1/whoami", ask);
      seen.push([body["kind"], body["via"]]);
    }
    const viaKey = ["admin", "key"];
    assert.deepEqual(seen, [viaKey, viaKey, viaKey, ["admin", "session"], ["admin", "socket"]]);
  });

  test("a wrong key is refused even where another way would do", async () => {
    const cookie = await signIn();
    const answer = await server.ask("GET", "/api/v1/whoami", {
      key: "admin_no",
      headers: { cookie },
    });
    assert.deepEqual([answer.status, answer.body["code"]], [401, "security.key_unknown"]);
  });

  test("the cookie is HttpOnly and strict; a stale one is cleared and does not bar signing in", async () => {
    const { code } = server.identities.createLoginCode();
    const signedIn = await server.ask("POST", "/in", { body: { code } });
    const [cookie = ""] = signedIn.headers["set-cookie"] ?? [];
    assert.match(
      cookie,
      /^cellphone_session=sess_[0-9a-z]{32}; Path=\/; HttpOnly; SameSite=Strict/,
    );
    assert.match(cookie, /Max-Age=604800$/);
    const stale = { headers: { cookie: "cellphone_session=sess_stale" } };
    const refused = await server.ask("GET", "/api/v1/whoami", stale);
    assert.match(String(refused.headers["set-cookie"]), /cellphone_session=; .*Max-Age=0/);
    assert.equal((await server.ask("GET", "/healthz", stale)).status, 200);
  });

  test("signing out voids the session", async () => {
    const cookie = await signIn();
    const headers = { cookie, "sec-fetch-site": "same-origin" };
    assert.equal((await server.ask("POST", "/api/v1/logout", { headers })).status, 204);
    assert.equal((await server.ask("GET", "/api/v1/whoami", { headers })).status, 401);
  });

  test("ten failed sign-ins make the address wait, with Retry-After", async () => {
    await using fresh = await TestServer.start();
    for (let count = 0; count < 10; count++) {
      const answer = await fresh.ask("POST", "/in", { body: { code: "AAAA-AAAA" } });
      assert.equal(answer.status, 401);
    }
    const answer = await fresh.ask("POST", "/in", { body: { code: "AAAA-AAAA" } });
    assert.deepEqual([answer.status, answer.body["code"]], [429, "security.too_many_attempts"]);
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
  });
});

describe("requests from other sites' pages", () => {
  test("a change with the cookie needs to come from this origin", async () => {
    const cookie = await signIn();
    const host = new URL(server.url).host;
    const cases: [Record<string, string>, number][] = [
      [{ "sec-fetch-site": "same-origin" }, 201],
      [{ origin: `http://${host}` }, 201],
      [{ origin: `http://${host}`, "sec-fetch-site": "same-origin" }, 201],
      [{}, 403],
      [{ "sec-fetch-site": "cross-site" }, 403],
      [{ "sec-fetch-site": "same-site" }, 403],
      [{ "sec-fetch-site": "none" }, 403],
      [{ origin: "http://evil.example" }, 403],
      [{ origin: "null" }, 403],
      [{ origin: "http://evil.example", "sec-fetch-site": "same-origin" }, 403],
    ];
    for (const [headers, status] of cases) {
      const ask = { headers: { cookie, ...headers } };
      const answer = await server.ask("POST", "/api/v1/login-codes", ask);
      assert.equal(answer.status, status, JSON.stringify(headers));
      if (status === 403) assert.equal(answer.body["code"], "security.cross_site");
    }
    const read = await server.ask("GET", "/api/v1/overview", { headers: { cookie } });
    assert.equal(read.status, 200);
  });

  test("another site cannot sign a browser in", async () => {
    const { code } = server.identities.createLoginCode();
    const ask = { body: { code }, headers: { origin: "http://evil.example" } };
    assert.equal((await server.ask("POST", "/in", ask)).status, 403);
    assert.equal((await server.ask("POST", "/in", { body: { code } })).status, 204);
  });

  test("a rebound host name is refused; loopback names, addresses and trusted hosts are not", async () => {
    const statuses: Record<string, number> = {};
    const hosts = [
      "evil.example",
      "evil.example:2355",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "localhost:9",
      "app.localhost",
      "LOCALHOST.",
      "127.0.0.1:1",
      "[::1]:2355",
      "192.168.1.5",
      "cellphone.example",
      "other.example:2355",
    ];
    for (const host of hosts) {
      statuses[host] = (await server.ask("GET", "/healthz", { headers: { host } })).status;
    }
    assert.deepEqual(
      Object.values(statuses),
      [421, 421, 421, 421, 200, 200, 200, 200, 200, 200, 200, 200],
      JSON.stringify(statuses),
    );
    const viaSocket = { headers: { host: "anything" }, viaSocket: true };
    assert.equal((await server.ask("GET", "/healthz", viaSocket)).status, 200);
  });
});

/** Posts a body as it is; the status, and the problem's code. */
async function post(body: string, type = "application/json"): Promise<[number, unknown]> {
  const response = await fetch(`${server.url}/api/v1/messages`, {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${server.adminKey}`, "content-type": type },
  });
  const problem: unknown = await response.json();
  return [response.status, Reflect.get(Object(problem), "code")];
}

describe("the form of requests and answers", () => {
  test("every answer carries security headers, a request id and a trace", async () => {
    for (const path of ["/healthz", "/api/v1/nope", "/api/v1/agents"]) {
      const { headers } = await server.admin("GET", path);
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["x-frame-options"], "DENY");
      assert.equal(headers["cache-control"], "no-store");
      assert.match(String(headers["content-security-policy"]), /frame-ancestors 'none'/);
      assert.match(String(headers["x-request-id"]), /^req_/);
      assert.match(String(headers["traceparent"]), /^00-/);
    }
  });

  test("a caller's request id and trace go on; unusable ones are replaced", async () => {
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const good = { "x-request-id": "abc-1", traceparent: trace };
    const kept = (await server.ask("GET", "/healthz", { headers: good })).headers;
    assert.equal(kept["x-request-id"], "abc-1");
    assert.equal(String(kept["traceparent"]).slice(3, 35), trace.slice(3, 35));
    const bad = { "x-request-id": "a\tb", traceparent: "zz" };
    const replaced = (await server.ask("GET", "/healthz", { headers: bad })).headers;
    assert.match(String(replaced["x-request-id"]), /^req_/);
    const body = { recipientId: "w1", payload: 1 };
    const ask = { key: server.adminKey, body, headers: { traceparent: trace } };
    const { messageId } = (await server.ask("POST", "/api/v1/messages", ask)).body;
    const read = await server.admin("GET", `/api/v1/messages/${String(messageId)}`);
    assert.match(read.text, /"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-/);
  });

  test("broken, alien and oversized bodies are refused with words", async () => {
    assert.deepEqual(await post("{"), [400, "server.json_malformed"]);
    assert.deepEqual(await post("[1]"), [400, "server.input_invalid"]);
    assert.deepEqual(await post('{"__proto__":{"a":1}}'), [400, "server.input_invalid"]);
    const form = "application/x-www-form-urlencoded";
    assert.deepEqual(await post("a=1", form), [415, "server.media_type_unsupported"]);
    const huge = `{"payload":"${"x".repeat(8 * 1024 * 1024)}"}`;
    assert.deepEqual(await post(huge), [413, "server.body_too_large"]);
    const deep = `{"recipientId":"w1","payload":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    assert.deepEqual(await post(deep), [400, "server.input_invalid"]);
  });

  test("unknown paths and methods are told apart", async () => {
    const wrong = await server.admin("PUT", "/api/v1/agents/w1");
    assert.deepEqual([wrong.status, wrong.body["code"]], [405, "server.method_not_allowed"]);
    assert.equal(wrong.headers["allow"], "GET, PATCH, DELETE");
    const nowhere = await server.admin("POST", "/api/v1/nowhere");
    assert.deepEqual([nowhere.status, nowhere.body["code"]], [404, "server.route_unknown"]);
    const malformed = await server.admin("GET", "/api/v1/agents/%zz");
    assert.deepEqual([malformed.status, malformed.body["code"]], [400, "server.request_malformed"]);
  });

  test("a failure that nobody foresaw answers 500 with the request id, and is logged", async () => {
    const logged: unknown[] = [];
    const log = {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (_: string, d: unknown) => logged.push(d),
    };
    await using fresh = await TestServer.start({}, { log });
    fresh.fleet.configuration = () => {
      throw new Error("secret internals");
    };
    const answer = await fresh.admin("GET", "/api/v1/config");
    assert.deepEqual([answer.status, answer.body["code"]], [500, "server.internal"]);
    assert.equal(answer.body["requestId"], answer.headers["x-request-id"]);
    assert.ok(!answer.text.includes("secret internals"));
    assert.equal(logged.length, 1);
  });

  test("namespaces are named by header or query, and unknown ones do not exist", async () => {
    const inOther = { key: server.adminKey, headers: { "x-cellphone-namespace": "other" } };
    assert.equal((await server.ask("GET", "/api/v1/agents/w1", inOther)).status, 404);
    const overview = await server.admin("GET", "/api/v1/overview?namespace=other");
    assert.match(overview.text, /"namespace":"other"/);
    const nowhere = await server.admin("GET", "/api/v1/agents?namespace=nowhere");
    assert.deepEqual([nowhere.status, nowhere.body["code"]], [404, "server.namespace_unknown"]);
    const foreign = { key, headers: { "x-cellphone-namespace": "other" } };
    assert.equal((await server.ask("GET", "/api/v1/agents", foreign)).status, 403);
  });
});

function ignore(): void {}

describe("ControlPlane.close()", () => {
  test("lets a waiting claim go with an empty answer, then accepts nobody", async () => {
    const closing = await TestServer.start();
    const agentKey = await closing.enrol("w1");
    const { communication } = closing.fleet.home;
    const body = { waitMs: 60_000 };
    const claim = communication.claim.bind(communication);
    const underWay = Promise.withResolvers<void>();
    communication.claim = (...claimed) => {
      const outcome = claim(...claimed);
      underWay.resolve();
      return outcome;
    };
    const waiting = closing.ask("POST", "/api/v1/inbox/w1/claim", { key: agentKey, body });
    await underWay.promise;
    await closing.controlPlane.close();
    const answer = await waiting;
    assert.deepEqual([answer.status, answer.body], [200, { messages: [] }]);
    const { hostname, port } = new URL(closing.url);
    const refused = await new Promise((resolve) => {
      connect(Number(port), hostname)
        .on("connect", () => resolve(false))
        .on("error", () => resolve(true));
    });
    assert.equal(refused, true);
    await closing[Symbol.asyncDispose]();
  });
});
