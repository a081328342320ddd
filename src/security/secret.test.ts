import assert from "node:assert/strict";
import { test } from "node:test";

import { hashSecret, looksLikeSecret, makeSecret } from "./secret.ts";

test("makeSecret() makes 160 random bits behind the prefix of the kind", () => {
  for (const kind of ["admin", "agent", "enrolment", "session"] as const) {
    const secret = makeSecret(kind);
    assert.match(secret, /^(?:admin|agent|enrol|sess)_[0-9a-hjkmnp-tv-z]{32}$/);
    assert.ok(looksLikeSecret(secret));
    assert.notEqual(secret, makeSecret(kind));
  }
});

test("hashSecret() is SHA-256 in lower-case hex", () => {
  // FIPS 180-2, appendix B.1
  const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(hashSecret("abc"), expected);
});

test("looksLikeSecret() takes no other text", () => {
  for (const text of ["", "agent_", "agent_x", "token_0123456789abcdefghjkmnpqrstvwxyz"]) {
    assert.equal(looksLikeSecret(text), false, text);
  }
});
