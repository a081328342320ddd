import assert from "node:assert/strict";
import { test } from "node:test";

import type { RoutedRequest } from "./call.ts";
import type { GatewayIdentity } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import { callerOf, checkedRequest, requestOf } from "./route-request.ts";

const WORKER: GatewayIdentity = { kind: "agent", namespace: "default", agentId: "worker" };
const ADMIN: GatewayIdentity = { kind: "admin", namespace: "elsewhere", agentId: null };
const STRANGER: GatewayIdentity = { kind: "agent", namespace: "other", agentId: "stranger" };

function identify(secret: string): GatewayIdentity | null {
  return { worker: WORKER, admin: ADMIN, stranger: STRANGER }[secret] ?? null;
}

test("requestOf() leaves out what was not given", () => {
  assert.deepEqual(requestOf("GET", ["/v1/users"]), { method: "GET", path: "/v1/users" });
  assert.deepEqual(requestOf("POST", ["/x", { a: "b" }, { page: 1 }, "body", "10.0.0.1", "curl"]), {
    method: "POST",
    path: "/x",
    headers: { a: "b" },
    queryParams: { page: 1 },
    body: "body",
    clientAddress: "10.0.0.1",
    userAgent: "curl",
  });
});

test("checkedRequest() refuses what no request can hold, and repeats no header", () => {
  const refused: [Partial<RoutedRequest>, RegExp][] = [
    [{ method: "" }, /no method/],
    [{ method: "GET /x" }, /no method/],
    [{ path: "/\ud800" }, /path must be text/],
    [{ headers: { "x y": "1" } }, /no name/],
    [{ headers: { "": "1" } }, /no name/],
    [{ headers: { "x-key": "hunter2\r\nhost: evil" } }, /x-key/],
    [{ headers: { "x-key": ["fine", "snow ☃"] } }, /x-key/],
    [{ userAgent: "a\nb" }, /user-agent/],
  ];
  for (const [fields, words] of refused) {
    assert.throws(
      () => checkedRequest({ method: "GET", path: "/v1", ...fields }),
      (error) =>
        error instanceof GatewayError &&
        error.code === "gateway.argument_invalid" &&
        words.test(error.message) &&
        !error.message.includes("hunter2"),
      JSON.stringify(fields),
    );
  }
});

test("checkedRequest() encodes what people write in paths, and names no user agent", () => {
  assert.deepEqual(checkedRequest({ method: "GET", path: "/v1/Zürich/☃?a=é" }), {
    method: "GET",
    path: "/v1/Z%C3%BCrich/%E2%98%83?a=%C3%A9",
    userAgent: "unknown",
  });
});

test("callerOf() trusts code that shows no key", () => {
  assert.deepEqual(callerOf({}, "default", identify), { namespace: "default" });
  assert.deepEqual(callerOf({ authorization: "Basic abc" }, "default", identify), {
    namespace: "default",
  });
});

test("callerOf() finds the key's owner in each of the three headers", () => {
  const found = { namespace: "default", identity: WORKER };
  assert.deepEqual(callerOf({ Authorization: "bearer  worker " }, "default", identify), found);
  assert.deepEqual(callerOf({ "X-Api-Key": "worker" }, "default", identify), found);
  assert.deepEqual(callerOf({ "x-cellphone-key": ["worker"] }, "default", identify), found);
  const both = { authorization: "Bearer service-token", "x-cellphone-key": "worker" };
  assert.deepEqual(callerOf(both, "default", identify), found);
  assert.deepEqual(callerOf({ "x-api-key": "admin" }, "default", identify), {
    namespace: "default",
    identity: ADMIN,
  });
});

test("callerOf() leaves keys of nobody and of other namespaces to the data plane", () => {
  assert.equal(callerOf({ "x-api-key": "nobody" }, "default", identify), undefined);
  assert.equal(callerOf({ "x-api-key": "stranger" }, "default", identify), undefined);
  assert.equal(callerOf({ "x-api-key": "worker" }, "default", undefined), undefined);
});
