import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { noComponentLog } from "../core/index.ts";
import type { LogDetails } from "../core/index.ts";
import type { Middleware } from "./call.ts";
import {
  PlaneBench,
  Upstreams,
  mirror,
  problemOf,
  servicePlan,
} from "./data-plane-bench-contract.ts";
import { InProcessDataPlane } from "./in-process-data-plane.ts";

/** A plane with middleware in front of a service that says what it got. */
async function mirrored(
  t: TestContext,
  ...middleware: Middleware[]
): Promise<{ bench: PlaneBench; logged: LogDetails[] }> {
  const logged: LogDetails[] = [];
  const log = { ...noComponentLog, error: (_: string, details = {}) => void logged.push(details) };
  const upstreams = new Upstreams();
  const bench = await PlaneBench.open(new InProcessDataPlane({ middleware, log }));
  t.after(async () => {
    await bench.close();
    upstreams.close();
  });
  await bench.serve(servicePlan("target", await upstreams.http(mirror), { requestTimeoutMs: 200 }));
  return { bench, logged };
}

async function* shout(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield Buffer.from(String(chunk).toUpperCase());
}

const twice: Middleware = async (_, next) => {
  await next();
  return next();
};

test("middleware may answer by itself, with a JSON value", async (t) => {
  const { bench } = await mirrored(t, () => ({ status: 203, headers: {}, body: { own: true } }));
  const answer = await bench.call("/v1/target/");
  assert.equal(answer.status, 203);
  assert.deepEqual(problemOf(answer), { own: true });
  assert.match(answer.headers["content-type"] ?? "", /^application\/json/);
});

test("middleware changes the request and streams a changed response", async (t) => {
  const { bench } = await mirrored(t, async (request, next) => {
    const answer = await next({ ...request, method: "PUT", query: "added=1", body: "changed" });
    const body = answer.body;
    assert.ok(typeof body === "object" && body !== null && Symbol.asyncIterator in body);
    return { ...answer, body: shout(body) };
  });
  const { body } = await bench.call("/v1/target/x", { method: "POST", body: "sent" });
  assert.match(body, /"METHOD":"PUT","URL":"\/X\?ADDED=1"/);
  assert.match(body, /"BODY":"CHANGED"/);
});

test("middleware sees who calls what, but no key", async (t) => {
  let seen = "";
  const { bench } = await mirrored(t, (request, next) => {
    const { identity, serviceId, route, path, headers } = request;
    seen = JSON.stringify({ identity, serviceId, route, path, headers });
    return next();
  });
  await bench.call("/v1/target/x");
  assert.match(seen, /"agentId":"alice"/);
  assert.match(seen, /"serviceId":"target","route":"\/v1\/target\/\*\*","path":"\/v1\/target\/x"/);
  assert.doesNotMatch(seen, /agent_/);
});

test("a middleware's exception is a 500 with the call's id, which the log repeats", async (t) => {
  const { bench, logged } = await mirrored(t, () => {
    throw new Error("boom");
  });
  const answer = await bench.call("/v1/target/");
  assert.equal(answer.status, 500);
  const problem = problemOf(answer);
  assert.equal(problem["code"], "gateway.middleware_failed");
  assert.doesNotMatch(answer.body, /boom/);
  assert.equal(logged[0]?.["callId"], problem["callId"]);
});

test("calling next() twice is an error with words", async (t) => {
  const { bench, logged } = await mirrored(t, twice);
  assert.equal((await bench.call("/v1/target/")).status, 500);
  assert.match(String(logged[0]?.["error"]), /"twice" called next\(\) a second time/);
});

test("a middleware that never answers is given up after the service's patience", async (t) => {
  const { bench } = await mirrored(t, () => new Promise(() => undefined));
  const answer = await bench.call("/v1/target/");
  assert.equal(answer.status, 500);
  assert.match(answer.body, /did not answer within 0\.2 s/);
});

test("a failing service is an answer that middleware may make good", async (t) => {
  const { bench } = await mirrored(t, async (_, next) => {
    const answer = await next();
    return answer.status === 502 ? { status: 200, headers: {}, body: "fallback" } : answer;
  });
  await bench.serve(servicePlan("target", "http://127.0.0.1:1"));
  const answer = await bench.call("/v1/target/");
  assert.equal(answer.body, "fallback");
  const id = answer.headers["x-cellphone-call-id"];
  assert.equal((await bench.recordOf((call) => call.id === id)).code, null);
});

test("InProcessDataPlane.call() goes through the same pipeline without listening", async (t) => {
  const upstreams = new Upstreams();
  const order: string[] = [];
  const first: Middleware = (_, next) => {
    order.push("first");
    return next();
  };
  const second: Middleware = (_, next) => {
    order.push("second");
    return next();
  };
  const plane = new InProcessDataPlane({ middleware: [first, second] });
  t.after(async () => {
    await plane.close(0);
    upstreams.close();
  });
  const services = [servicePlan("target", await upstreams.http(mirror))];
  const plan = { namespace: "default", revision: 1, services, held: {}, slowCallMs: 1000 };
  await plane.apply({ ...plan, anonymous: false });
  const request = {
    method: "post",
    path: "/v1/target/x?a=1",
    queryParams: { b: ["2", "3"] },
    body: { hello: "world" },
  } as const;
  assert.equal((await plane.call(request)).status, 401);
  const answer = await plane.call(request, { identity: null, namespace: "default" });
  assert.equal(answer.status, 200);
  const seen = problemOf({ body: answer.text() });
  assert.equal(seen["url"], "/x?a=1&b=2&b=3");
  assert.equal(seen["body"], '{"hello":"world"}');
  assert.equal(answer.callId, answer.headers["x-cellphone-call-id"]);
  assert.deepEqual(order, ["first", "second"]);
  await assert.rejects(
    plane.call({ ...request, signal: AbortSignal.abort(new Error("not wanted")) }),
    /not wanted/,
  );
});
