import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  afterSignIn,
  agentPath,
  alertPath,
  conversationPath,
  keepQuery,
  parseRoute,
  servicePath,
  tracePath,
} from "./routes.ts";

test("parseRoute() reads back the address of everything that has a page", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (id) => {
      fc.pre(id.isWellFormed() && id !== "." && id !== "..");
      assert.deepEqual(parseRoute(agentPath(id)), { page: "agent", agentId: id });
      assert.deepEqual(parseRoute(conversationPath(id)), {
        page: "conversations",
        conversationId: id,
      });
      assert.deepEqual(parseRoute(servicePath(id)), { page: "service", serviceId: id });
      assert.deepEqual(parseRoute(alertPath(id)), { page: "alerts", alertId: id });
      assert.deepEqual(parseRoute(tracePath(id)), { page: "trace", traceId: id });
    }),
  );
});

test("parseRoute() knows the pages and nothing else", () => {
  assert.deepEqual(parseRoute("/"), { page: "overview" });
  assert.deepEqual(parseRoute("/in"), { page: "sign-in" });
  assert.deepEqual(parseRoute("/agents/"), { page: "agents" });
  for (const page of ["services", "calls", "metrics", "history", "connect"]) {
    assert.deepEqual(parseRoute(`/${page}`), { page });
  }
  assert.deepEqual(parseRoute("/alerts"), { page: "alerts", alertId: null });
  assert.deepEqual(parseRoute("/api/docs"), { page: "unknown", path: "/api/docs" });
  assert.deepEqual(parseRoute("/agents/%"), { page: "unknown", path: "/agents/%" });
});

function after(query: string): string {
  return afterSignIn(new URLSearchParams(query));
}

test("afterSignIn() goes to the page that was asked for, and never off this server", () => {
  assert.equal(after(""), "/");
  assert.equal(after("ns=demo"), "/?ns=demo");
  assert.equal(after("next=%2Fagents%2Fw1%3Ftab%3Dlog"), "/agents/w1?tab=log");
  for (const bad of ["//evil.test/", "https://evil.test/", "/\\\\evil.test", "/in", "/api/docs"]) {
    assert.equal(after(`next=${encodeURIComponent(bad)}`), "/", bad);
  }
});

test("keepQuery() carries the namespace and range along, and nothing of the page it leaves", () => {
  const current = new URLSearchParams("ns=demo&range=1h&tab=log&only=a");
  assert.equal(keepQuery("/agents", current), "/agents?ns=demo&range=1h");
  assert.equal(keepQuery("/agents", current, { only: "b" }), "/agents?only=b&ns=demo&range=1h");
  assert.equal(keepQuery("/", new URLSearchParams()), "/");
});
