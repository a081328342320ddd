import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { readAnswerFields, readCallerFields, withoutCookie } from "./header-fields.ts";

test("readCallerFields() passes what it does not know: order, spelling, duplicates", () => {
  const raw = ["Accept", "a", "X-One", "1", "accept", "b", "x-one", "2"];
  assert.deepEqual(readCallerFields(raw).forward, raw);
});

test("readCallerFields() drops what concerns the connection, in any spelling", () => {
  const named = ["CONNECTION", "close, X-Mine , accept", "X-MINE", "1", "Accept", "a"];
  const known = ["Keep-Alive", "timeout=5", "tE", "trailers", "Proxy-Authorization", "x"];
  const raw = [...named, ...known, "Trailer", "x", "Left", "1"];
  assert.deepEqual(readCallerFields(raw).forward, ["Left", "1"]);
});

test("readCallerFields() drops what a caller says about its own whereabouts", () => {
  const raw = ["X-Forwarded-For", "1.1.1.1", "Forwarded", "for=1.1.1.1", "X-Real-IP", "1.1.1.1"];
  assert.deepEqual(readCallerFields(raw).forward, []);
});

test("readCallerFields() keeps keys apart from what is forwarded", () => {
  const raw = ["Authorization", "Bearer a", "X-Api-Key", "b", "x-cellphone-key", "c"];
  const fields = readCallerFields([...raw, "Cookie", "d=1", "cookie", "e=2"]);
  assert.deepEqual(
    [fields.authorization, fields.apiKey, fields.cellphoneKey, fields.cookie, fields.forward],
    ["Bearer a", "b", "c", "d=1; e=2", []],
  );
});

test("readCallerFields() says why a message is ambiguous", () => {
  const cases: readonly (readonly string[])[] = [
    ["Content-Length", "1", "Transfer-Encoding", "chunked"],
    ["Content-Length", "1", "content-length", "1"],
    ["Content-Length", "1e3"],
    ["Content-Length", "-1"],
    ["Transfer-Encoding", "gzip, chunked"],
    ["Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"],
    ["Host", "a", "Host", "b"],
    ["Authorization", "a", "authorization", "b"],
  ];
  for (const raw of cases) assert.notEqual(readCallerFields(raw).problem, null, raw.join());
  assert.equal(readCallerFields(["Content-Length", "17", "Host", "a"]).problem, null);
});

test("readCallerFields() never forwards a header that Connection names", () => {
  const name = fc.stringMatching(/^[a-z][a-z-]{0,8}[a-z]$/);
  fc.assert(
    fc.property(
      fc.array(name, { maxLength: 8 }),
      fc.array(name, { maxLength: 4 }),
      (all, named) => {
        const raw = all.flatMap((one) => [one, "value"]);
        raw.push("Connection", named.join(" , ").toUpperCase());
        const { forward } = readCallerFields(raw);
        const left = forward.filter((_, index) => index % 2 === 0);
        assert.ok(left.every((one) => !named.includes(one)));
      },
    ),
  );
});

test("readAnswerFields() passes all but the connection's own, as bytes or text", () => {
  const raw = ["X-A", "1", "Connection", "x-gone", "X-Gone", "1", "Transfer-Encoding", "chunked"];
  const bytes = [...raw, "X-A", "caf\u00e9"].map((text) => Buffer.from(text, "latin1"));
  const { forward, contentLength, problem } = readAnswerFields(bytes, false);
  assert.deepEqual(forward, ["X-A", "1", "X-A", "caf\u00e9"]);
  assert.deepEqual([contentLength, problem], [null, null]);
});

test("readAnswerFields() lets a service's own RateLimit through unless the gateway says one", () => {
  const raw = ["RateLimit", "x", "RateLimit-Policy", "y"];
  assert.deepEqual(readAnswerFields(raw, false).forward, raw);
  assert.deepEqual(readAnswerFields(raw, true).forward, []);
});

test("readAnswerFields() refuses lengths that contradict each other or are none", () => {
  const several = ["Content-Length", "1", "content-length", "2"];
  assert.notEqual(readAnswerFields(several, false).problem, null);
  assert.notEqual(readAnswerFields(["Content-Length", "many"], false).problem, null);
  assert.equal(readAnswerFields(["Content-Length", "12"], false).contentLength, 12);
});

test("withoutCookie() takes out one cookie and no other", () => {
  assert.equal(withoutCookie("a=1; session=x; b=2", "session"), "a=1; b=2");
  assert.equal(withoutCookie("session=x", "session"), null);
  assert.equal(withoutCookie("mysession=x", "session"), "mysession=x");
});
