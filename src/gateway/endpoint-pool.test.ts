import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { EndpointPool } from "./endpoint-pool.ts";

const NONE: ReadonlySet<string> = new Set();

function endpoint(name: string, weight = 1, healthy = true) {
  return { baseUrl: `http://${name}`, weight, healthy };
}

function poolOf(
  clock: ManualClock,
  ...endpoints: readonly ReturnType<typeof endpoint>[]
): EndpointPool {
  return new EndpointPool({ endpoints }, clock);
}

/** Picks and starts `count` calls; how many each endpoint got. */
function shares(pool: EndpointPool, count: number, end: boolean): Record<string, number> {
  const got: Record<string, number> = {};
  for (let index = 0; index < count; index++) {
    const picked = pool.pick(NONE);
    assert.ok(picked);
    pool.started(picked.baseUrl);
    if (end) pool.ended(picked.baseUrl, "answered");
    got[picked.baseUrl] = (got[picked.baseUrl] ?? 0) + 1;
  }
  return got;
}

function fail(pool: EndpointPool, baseUrl: string, times: number): void {
  for (let index = 0; index < times; index++) {
    const isTrial = pool.started(baseUrl);
    pool.ended(baseUrl, "failed", "connection refused", isTrial);
  }
}

function answerBadly(pool: EndpointPool, baseUrl: string, times: number): void {
  for (let index = 0; index < times; index++) {
    const isTrial = pool.started(baseUrl);
    pool.ended(baseUrl, "answeredBadly", "answered 503", isTrial);
  }
}

test("EndpointPool.pick() shares calls by weight, one after the other and all at once", () => {
  const clock = new ManualClock();
  const endpoints = [endpoint("a", 3), endpoint("b", 1)] as const;
  const byWeight = { "http://a": 300, "http://b": 100 };
  assert.deepEqual(shares(poolOf(clock, ...endpoints), 400, true), byWeight);
  assert.deepEqual(shares(poolOf(clock, ...endpoints), 400, false), byWeight);
});

test("EndpointPool.pick() takes the endpoint with fewer calls under way", () => {
  const pool = poolOf(new ManualClock(), endpoint("slow"), endpoint("fast"));
  pool.started("http://slow");
  pool.started("http://slow");
  pool.started("http://fast");
  assert.equal(pool.pick(NONE)?.baseUrl, "http://fast");
  assert.deepEqual(pool.inFlight(), [
    { baseUrl: "http://slow", calls: 2 },
    { baseUrl: "http://fast", calls: 1 },
  ]);
});

test("EndpointPool.pick() leaves out those tried, those without weight, and unhealthy ones", () => {
  const pool = poolOf(
    new ManualClock(),
    endpoint("sick", 1, false),
    endpoint("well"),
    endpoint("drained", 0),
  );
  assert.equal(pool.pick(NONE)?.baseUrl, "http://well");
  assert.equal(pool.pick(new Set(["http://well"]))?.baseUrl, "http://sick");
  assert.equal(pool.pick(new Set(["http://well", "http://sick"])), undefined);
});

test("EndpointPool opens an endpoint's circuit after five failures in a row, no sooner", () => {
  const clock = new ManualClock();
  const pool = poolOf(clock, endpoint("a"));
  fail(pool, "http://a", 4);
  pool.started("http://a");
  // A stream that has begun, and will not end today.
  pool.answered("http://a");
  fail(pool, "http://a", 4);
  assert.ok(pool.pick(NONE));
  fail(pool, "http://a", 1);
  assert.equal(pool.pick(NONE), undefined);
  assert.equal(pool.nextTrialMs(), 5000);
});

test("EndpointPool.answered() ends a trial as soon as its answer begins", () => {
  const clock = new ManualClock();
  const pool = poolOf(clock, endpoint("a"));
  fail(pool, "http://a", 5);
  clock.advance(4999);
  assert.equal(pool.pick(NONE), undefined);
  clock.advance(1);
  assert.equal(pool.pick(NONE)?.baseUrl, "http://a");
  assert.equal(pool.started("http://a"), true);
  assert.equal(pool.pick(NONE), undefined);
  pool.answered("http://a");
  assert.ok(pool.pick(NONE));
  assert.equal(pool.nextTrialMs(), 0);
});

test("EndpointPool.pick() takes the only endpoint that answers, however badly", () => {
  const pool = poolOf(new ManualClock(), endpoint("a"));
  answerBadly(pool, "http://a", 20);
  assert.equal(pool.pick(NONE)?.baseUrl, "http://a");
  fail(pool, "http://a", 4);
  assert.ok(pool.pick(NONE));
  fail(pool, "http://a", 1);
  assert.equal(pool.pick(NONE), undefined);
});

test("EndpointPool.pick() leaves an endpoint that answers badly alone while others answer well", () => {
  const clock = new ManualClock();
  const pool = poolOf(clock, endpoint("bad"), endpoint("good"));
  answerBadly(pool, "http://bad", 5);
  assert.deepEqual(shares(pool, 10, true), { "http://good": 10 });
  assert.equal(pool.pick(new Set(["http://good"]))?.baseUrl, "http://bad");
  clock.advance(5000);
  assert.equal(pool.started("http://bad"), true);
  pool.answered("http://bad");
  pool.ended("http://bad", "answered", null, true);
  assert.deepEqual(shares(pool, 10, true), { "http://bad": 5, "http://good": 5 });
});

test("EndpointPool counts answers without an end, whatever began well between them", () => {
  const pool = poolOf(new ManualClock(), endpoint("a"), endpoint("b"));
  for (let index = 0; index < 5; index++) {
    pool.started("http://a");
    pool.answered("http://a");
    pool.ended("http://a", "answeredBadly", "it closed the connection");
  }
  assert.deepEqual(shares(pool, 4, true), { "http://b": 4 });
});

test("EndpointPool waits twice as long after each failed trial, at most a minute", () => {
  const clock = new ManualClock();
  const pool = poolOf(clock, endpoint("a"));
  fail(pool, "http://a", 5);
  for (const waitMs of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    assert.equal(pool.nextTrialMs(), waitMs);
    clock.advance(waitMs);
    fail(pool, "http://a", 1);
  }
});

test("EndpointPool does not punish an endpoint for calls that began before it was left alone", () => {
  const clock = new ManualClock();
  const pool = poolOf(clock, endpoint("a"));
  for (let index = 0; index < 8; index++) pool.started("http://a");
  for (let index = 0; index < 8; index++) pool.ended("http://a", "failed", "timed out");
  assert.equal(pool.nextTrialMs(), 5000);
});

test("EndpointPool.ended() without a finding lets another call try", () => {
  const clock = new ManualClock();
  const pool = poolOf(clock, endpoint("a"));
  fail(pool, "http://a", 5);
  // One that goes on, and is no trial.
  pool.started("http://a");
  clock.advance(5000);
  const isTrial = pool.started("http://a");
  assert.equal(pool.pick(NONE), undefined);
  pool.ended("http://a", undefined, null, isTrial);
  assert.ok(pool.pick(NONE));
});

test("EndpointPool.takeRetry() keeps retries to a fifth of the calls", () => {
  const pool = poolOf(new ManualClock(), endpoint("a"));
  let saved = 0;
  while (pool.takeRetry()) saved += 1;
  assert.equal(saved, 10);
  let retries = 0;
  for (let call = 0; call < 1000; call++) {
    pool.earnRetry();
    if (pool.takeRetry()) retries += 1;
  }
  assert.ok(retries >= 199 && retries <= 200, String(retries));
});

test("EndpointPool.takeOutcomes() tells what calls found, once", () => {
  const pool = poolOf(new ManualClock(), endpoint("a"), endpoint("b"));
  fail(pool, "http://a", 2);
  pool.started("http://b");
  pool.ended("http://b", "answered");
  pool.started("http://b");
  pool.ended("http://b", undefined);
  assert.deepEqual(pool.takeOutcomes(), [
    { baseUrl: "http://a", succeeded: 0, failed: 2, reason: "connection refused" },
    { baseUrl: "http://b", succeeded: 1, failed: 0, reason: null },
  ]);
  assert.deepEqual(pool.takeOutcomes(), []);
});

test("EndpointPool.update() keeps what is known, and closes a circuit when checks say it is well", () => {
  const clock = new ManualClock();
  const pool = poolOf(clock, endpoint("a"), endpoint("b"));
  pool.started("http://a");
  fail(pool, "http://b", 5);
  pool.update({ endpoints: [endpoint("a"), endpoint("b", 1, false), endpoint("c")] });
  assert.equal(pool.inFlight()[0]?.calls, 1);
  assert.equal(pool.pick(new Set(["http://a", "http://c"])), undefined);
  pool.update({ endpoints: [endpoint("a"), endpoint("b"), endpoint("c")] });
  assert.equal(pool.pick(new Set(["http://a", "http://c"]))?.baseUrl, "http://b");
  pool.update({ endpoints: [endpoint("b")] });
  pool.ended("http://a", "answered");
  assert.deepEqual(pool.inFlight(), []);
});
