import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { AttemptLimiter } from "./attempt-limiter.ts";

function failTimes(limiter: AttemptLimiter, address: string, count: number): void {
  for (let index = 0; index < count; index++) limiter.failed(address);
}

test("AttemptLimiter.waitMs() lets ten failures pass and makes the eleventh wait six seconds", () => {
  const clock = new ManualClock();
  const limiter = new AttemptLimiter(clock, 10);
  failTimes(limiter, "10.0.0.1", 9);
  assert.equal(limiter.waitMs("10.0.0.1"), 0);
  limiter.failed("10.0.0.1");
  assert.equal(limiter.waitMs("10.0.0.1"), 6000);
  clock.advance(5999);
  assert.equal(limiter.waitMs("10.0.0.1"), 1);
  clock.advance(1);
  assert.equal(limiter.waitMs("10.0.0.1"), 0);
});

test("AttemptLimiter.waitMs() forgives everything after a quiet minute", () => {
  const clock = new ManualClock();
  const limiter = new AttemptLimiter(clock, 10);
  failTimes(limiter, "10.0.0.1", 10);
  clock.advance(60_000);
  failTimes(limiter, "10.0.0.1", 9);
  assert.equal(limiter.waitMs("10.0.0.1"), 0);
});

test("AttemptLimiter.waitMs() counts an IPv6 network as one, and an IPv4 in IPv6 as IPv4", () => {
  const limiter = new AttemptLimiter(new ManualClock(), 2);
  limiter.failed("2001:db8::1");
  limiter.failed("2001:db8:0:0:ffff::2");
  assert.ok(limiter.waitMs("2001:db8:0:0:1:2:3:4") > 0);
  assert.equal(limiter.waitMs("2001:db8:0:1::1"), 0);
  failTimes(limiter, "::ffff:10.0.0.9", 2);
  assert.ok(limiter.waitMs("10.0.0.9") > 0);
});

test("AttemptLimiter.failed() forgets the address that failed longest ago when it is full", () => {
  const limiter = new AttemptLimiter(new ManualClock(), 1);
  for (let index = 0; index <= 10_000; index++) {
    limiter.failed(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  }
  assert.equal(limiter.waitMs("10.0.0.0"), 0);
  assert.ok(limiter.waitMs("10.0.0.1") > 0);
});
