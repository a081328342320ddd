import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock, secureRandomBytes } from "../core/index.ts";
import { LoginCodes } from "./login-codes.ts";

function setUp(): { clock: ManualClock; codes: LoginCodes } {
  const clock = new ManualClock();
  return { clock, codes: new LoginCodes(clock, secureRandomBytes, 900_000) };
}

/** Bytes that make the code 0101-0101. */
function alternatingBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => index % 2);
}

test("LoginCodes.redeem() takes a code once", () => {
  const { codes } = setUp();
  const { code } = codes.create();
  assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.equal(codes.redeem(code), true);
  assert.equal(codes.redeem(code), false);
});

test("LoginCodes.redeem() refuses a code after its time", () => {
  const { clock, codes } = setUp();
  const { code } = codes.create();
  clock.advance(900_000);
  assert.equal(codes.redeem(code), false);
});

test("LoginCodes.redeem() reads what people type: case, spaces, O for 0, l for 1", () => {
  const codes = new LoginCodes(new ManualClock(), alternatingBytes, 900_000);
  assert.equal(codes.create().code, "0101-0101");
  assert.equal(codes.redeem(" olOi 0l01 "), true);
});

test("LoginCodes.create() keeps at most 16 codes: the oldest stops working", () => {
  const { codes } = setUp();
  const all = Array.from({ length: 17 }, () => codes.create().code);
  assert.equal(codes.redeem(all[0] ?? ""), false);
  assert.equal(codes.redeem(all[1] ?? ""), true);
});
