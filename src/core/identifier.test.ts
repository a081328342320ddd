import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ManualClock } from "./clock.ts";
import { IdGenerator, randomToken, secureRandomBytes } from "./identifier.ts";

const PATTERN = /^msg_[0-9a-hjkmnp-tv-z]{26}$/;
const zeros = (byteCount: number): Uint8Array => new Uint8Array(byteCount);
const counting = (byteCount: number): Uint8Array =>
  Uint8Array.from({ length: byteCount }, (_, index) => 32 + index);
const allOnes = (byteCount: number): Uint8Array => new Uint8Array(byteCount).fill(0xff);

test("IdGenerator.next() is prefix, underscore and 26 characters of Crockford base 32", () => {
  const ids = new IdGenerator(new ManualClock());
  assert.match(ids.next("msg"), PATTERN);
});

test("IdGenerator.next() starts with the time, most significant digit first", () => {
  const ids = new IdGenerator(new ManualClock(33), zeros);
  assert.equal(ids.next("t"), `t_0000000011${"0".repeat(16)}`);
});

test("IdGenerator.next() holds the largest time of 48 bits", () => {
  const ids = new IdGenerator(new ManualClock(2 ** 48 - 1));
  assert.match(ids.next("msg"), /^msg_7zzzzzzzzz/);
});

test("IdGenerator.next() is strictly increasing under any movement of the clock", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 200 }),
      (steps) => {
        let nowMs = 1_000_000;
        const ids = new IdGenerator({
          now: () => nowMs,
          monotonic: () => 0,
          after: () => ({ [Symbol.dispose]: () => undefined }),
        });
        let last = "";
        for (const step of steps) {
          nowMs = Math.max(0, nowMs + step);
          const id = ids.next("msg");
          assert.ok(id > last, `${id} after ${last}`);
          assert.match(id, PATTERN);
          last = id;
        }
      },
    ),
  );
});

test("IdGenerator.next() stays increasing when one millisecond's random part overflows", () => {
  const ids = new IdGenerator(new ManualClock(0), allOnes);
  const first = ids.next("msg");
  const second = ids.next("msg");
  const third = ids.next("msg");
  assert.ok(second > first, `${second} after ${first}`);
  assert.ok(third > second, `${third} after ${second}`);
});

test("IdGenerator.next() gives two generators of one millisecond different ids", () => {
  const clock = new ManualClock();
  const seen = new Set<string>();
  for (let index = 0; index < 1_000; index++) seen.add(new IdGenerator(clock).next("msg"));
  assert.equal(seen.size, 1_000);
});

test("randomToken() holds at least the entropy asked for, in whole characters", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_024 }), (bits) => {
      const token = randomToken(bits);
      assert.match(token, /^[0-9a-hjkmnp-tv-z]+$/);
      assert.ok(token.length * 5 >= bits && (token.length - 1) * 5 < bits);
    }),
  );
});

test("randomToken() uses five bits of each random byte", () => {
  assert.equal(randomToken(20, counting), "0123");
});

test("randomToken() reaches all 32 characters", () => {
  assert.equal(new Set(randomToken(20_000)).size, 32);
});

test("secureRandomBytes() gives as many bytes as asked, different each time", () => {
  const [one, other] = [secureRandomBytes(32), secureRandomBytes(32)];
  assert.equal(one.length, 32);
  assert.notDeepEqual(one, other);
});
