import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { agentPath, conversationPath, keepQuery, parseRoute } from "./routes.ts";

test("parseRoute() reads back every agent's and conversation's address", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (id) => {
      fc.pre(id.isWellFormed() && id !== "." && id !== "..");
      assert.deepEqual(parseRoute(agentPath(id)), { page: "agent", agentId: id });
      assert.deepEqual(parseRoute(conversationPath(id)), {
        page: "conversations",
        conversationId: id,
      });
    }),
  );
});

test("parseRoute() knows the pages and nothing else", () => {
  assert.deepEqual(parseRoute("/"), { page: "overview" });
  assert.deepEqual(parseRoute("/in"), { page: "sign-in" });
  assert.deepEqual(parseRoute("/agents/"), { page: "agents" });
  assert.deepEqual(parseRoute("/api/docs"), { page: "unknown", path: "/api/docs" });
  assert.deepEqual(parseRoute("/agents/%"), { page: "unknown", path: "/agents/%" });
});

test("keepQuery() carries the namespace and range along, and nothing of the page it leaves", () => {
  const current = new URLSearchParams("ns=demo&range=1h&tab=log&only=a");
  assert.equal(keepQuery("/agents", current), "/agents?ns=demo&range=1h");
  assert.equal(keepQuery("/agents", current, { only: "b" }), "/agents?only=b&ns=demo&range=1h");
  assert.equal(keepQuery("/", new URLSearchParams()), "/");
});
