import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock, nextTurn, noComponentLog } from "../core/index.ts";
import { HealthChecker } from "./health-checker.ts";
import type { CheckResult } from "./health-checker.ts";
import type { ProbeResult } from "./health-probe.ts";

const OK: ProbeResult = { ok: true, reason: "answered 200", durationMs: 1 };
const BAD: ProbeResult = { ok: false, reason: "answered 503", durationMs: 1 };

/** A checker whose questions are answered by the test. */
class Fixture {
  readonly clock = new ManualClock();
  readonly results: CheckResult[] = [];
  readonly asked: string[] = [];
  answer: (url: string, signal: AbortSignal | undefined) => ProbeResult | Promise<ProbeResult> =
    () => OK;
  readonly checker: HealthChecker;

  constructor(intervalMs = 60_000, random = 0.5) {
    this.checker = new HealthChecker({
      clock: this.clock,
      log: noComponentLog,
      intervalMs,
      random: () => random,
      onResult: (result) => this.results.push(result),
      probe: {
        ask: async (url, _meaning, signal) => {
          this.asked.push(url);
          return this.answer(url, signal);
        },
      },
    });
  }

  /** Lets what was asked be answered. */
  async settle(): Promise<void> {
    await nextTurn();
    await nextTurn();
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }
}

const A = { serviceId: "users", url: "http://a/health" };
const B = { serviceId: "users", url: "http://b/health" };

test("HealthChecker.follow() asks new targets at once, then at the interval", async () => {
  const fixture = new Fixture();
  fixture.checker.follow([A, B]);
  await fixture.settle();
  assert.deepEqual(fixture.asked, [A.url, B.url]);
  assert.deepEqual(fixture.results[0], { ...OK, ...A, atMs: fixture.clock.now() });
  await fixture.advance(59_999);
  assert.equal(fixture.asked.length, 2);
  await fixture.advance(1);
  assert.equal(fixture.asked.length, 4);
});

test("HealthChecker keeps checks out of step by a tenth of the interval", async () => {
  for (const [random, dueMs] of [
    [0, 54_000],
    [1, 66_000],
  ] as const) {
    const fixture = new Fixture(60_000, random);
    fixture.checker.follow([A]);
    await fixture.settle();
    await fixture.advance(dueMs - 10);
    assert.equal(fixture.asked.length, 1);
    await fixture.advance(20);
    assert.equal(fixture.asked.length, 2);
  }
});

test("HealthChecker asks again soon after a first failure, then at the interval", async () => {
  const fixture = new Fixture();
  fixture.answer = () => BAD;
  fixture.checker.follow([A]);
  await fixture.settle();
  await fixture.advance(5000);
  assert.equal(fixture.results.length, 2);
  await fixture.advance(5000);
  assert.equal(fixture.results.length, 2);
  await fixture.advance(55_000);
  assert.equal(fixture.results.length, 3);
});

test("HealthChecker.follow() forgets what is gone, and keeps the time of what stays", async () => {
  const fixture = new Fixture();
  fixture.checker.follow([A, B]);
  await fixture.settle();
  await fixture.advance(30_000);
  fixture.checker.follow([B]);
  await fixture.advance(30_000);
  assert.deepEqual(fixture.asked.slice(2), [B.url]);
});

test("HealthChecker says nothing of a target that went while it was asked", async () => {
  const fixture = new Fixture();
  let gone = false;
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  fixture.answer = (_, signal) => {
    signal?.addEventListener("abort", () => {
      gone = true;
    });
    return promise;
  };
  fixture.checker.follow([A]);
  await fixture.settle();
  fixture.checker.follow([]);
  assert.equal(gone, true);
  resolve(OK);
  await fixture.settle();
  assert.deepEqual(fixture.results, []);
  await fixture.advance(120_000);
  assert.equal(fixture.asked.length, 1);
});

test("HealthChecker never asks more than sixteen at once, and asks all", async () => {
  const fixture = new Fixture();
  const waiting: (() => void)[] = [];
  fixture.answer = () => new Promise((resolve) => waiting.push(() => resolve(OK)));
  const targets = Array.from({ length: 50 }, (_, index) => ({
    serviceId: "s",
    url: `http://${index}`,
  }));
  fixture.checker.follow(targets);
  await fixture.settle();
  assert.equal(waiting.length, 16);
  let answered = 0;
  while (answered < 50) {
    waiting[answered]?.();
    answered += 1;
    await fixture.settle();
    assert.ok(waiting.length - answered <= 16);
  }
  assert.equal(fixture.results.length, 50);
});

test("HealthChecker.checkNow() asks a service's targets now, once for all who want to know", async () => {
  const fixture = new Fixture();
  fixture.checker.follow([A, { serviceId: "orders", url: "http://o" }]);
  await fixture.settle();
  await Promise.all([fixture.checker.checkNow("users"), fixture.checker.checkNow("users")]);
  assert.deepEqual(fixture.asked.slice(2), [A.url]);
  assert.equal(fixture.results.length, 3);
  // The next regular check counts from here.
  await fixture.advance(59_999);
  assert.equal(fixture.asked.filter((url) => url === A.url).length, 2);
});

test("HealthChecker.hurry() asks once, however often calls fail", async () => {
  const fixture = new Fixture();
  fixture.checker.follow([A]);
  await fixture.settle();
  await fixture.advance(5000);
  fixture.answer = () => BAD;
  for (let index = 0; index < 5; index++) fixture.checker.hurry("users");
  await fixture.settle();
  await fixture.advance(1000);
  for (let index = 0; index < 5; index++) fixture.checker.hurry("users");
  await fixture.settle();
  assert.equal(fixture.asked.length, 2);
});

test("HealthChecker.hurry() asks at most twelve times an interval while checks are good", async () => {
  const fixture = new Fixture();
  fixture.checker.follow([A]);
  await fixture.settle();
  for (let ms = 0; ms < 30_000; ms += 250) {
    fixture.checker.hurry("users");
    await fixture.advance(250);
  }
  assert.ok(fixture.asked.length <= 7, `${fixture.asked.length} checks`);
});

test("HealthChecker.stop() ends everything", async () => {
  const fixture = new Fixture();
  fixture.checker.follow([A]);
  await fixture.settle();
  fixture.checker.stop();
  fixture.checker.follow([B]);
  await fixture.advance(600_000);
  assert.equal(fixture.asked.length, 1);
});
