import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { canonicalisePath, maskQuery } from "./canonical-path.ts";

function path(target: string): string {
  const found = canonicalisePath(target);
  assert.equal(found.problem, undefined, `${target}: ${found.problem}`);
  return found.problem === undefined ? found.path : "";
}

function problem(target: string): string {
  const found = canonicalisePath(target);
  return found.problem ?? assert.fail(`"${target}" was taken as "${found.path}"`);
}

test("canonicalisePath() leaves a plain path alone and keeps the query raw", () => {
  assert.deepEqual(canonicalisePath("/v1/users/7?page=%31&a=../b&&c="), {
    path: "/v1/users/7",
    query: "page=%31&a=../b&&c=",
  });
  assert.deepEqual(canonicalisePath("/"), { path: "/", query: "" });
  assert.deepEqual(canonicalisePath("/v1/users/?"), { path: "/v1/users/", query: "" });
});

test("canonicalisePath() decodes unreserved characters and encodes what a path cannot hold", () => {
  assert.equal(path("/%76%31/%75sers/%2D%5f%7E"), "/v1/users/-_~");
  assert.equal(path('/a|b/"c"/{d}/^`/<e>'), "/a%7Cb/%22c%22/%7Bd%7D/%5E%60/%3Ce%3E");
  assert.equal(path("/a%c3%bc/%e2%82%ac"), "/a%C3%BC/%E2%82%AC");
  assert.equal(path("/a%21b!c%3Ad:e"), "/a%21b!c%3Ad:e");
  assert.equal(path("/a%252Fb"), "/a%252Fb");
});

test("canonicalisePath() removes single dots and keeps doubled slashes", () => {
  assert.equal(path("/./a/./b"), "/a/b");
  assert.equal(path("/a/."), "/a/");
  assert.equal(path("/%2e/a"), "/a");
  assert.equal(path("/a//b/"), "/a//b/");
});

test("canonicalisePath() refuses what two readers would read differently", () => {
  for (const target of ["/../a", "/a/..", "/a/%2e%2E/b", "/a/.%2e", "/a/..;x=1/b", "/a/..%3B/b"]) {
    assert.match(problem(target), /\.\. segment/);
  }
  assert.match(problem("/a%2fb"), /encoded slash/);
  assert.match(problem("/a%5Cb"), /encoded backslash/);
  assert.match(problem("/a\\b"), /backslash/);
  assert.match(problem("/a%00"), /NUL/);
  assert.match(problem("/a%0d%0aX: y"), /control character/);
  assert.match(problem("/a\u0001"), /control character/);
  assert.match(problem("/a b"), /space/);
  assert.match(problem("/a#b"), /fragment/);
  assert.match(problem("/a?b#c"), /fragment/);
  assert.match(problem("/a?b c"), /query/);
  assert.match(problem("/ü"), /beyond ASCII/);
  assert.match(problem("/a%zz"), /percent/);
  assert.match(problem("/a%2"), /percent/);
  assert.match(problem(`/${"a".repeat(20_000)}`), /20001 characters/);
});

test("canonicalisePath() takes a target with scheme and host, and no other form", () => {
  assert.deepEqual(canonicalisePath("http://gateway:2356/v1/x?y"), { path: "/v1/x", query: "y" });
  assert.deepEqual(canonicalisePath("https://gateway?y"), { path: "/", query: "y" });
  for (const target of ["", "*", "v1/users", "gateway:443", "ftp://gateway/x", "?x"]) {
    assert.match(problem(target), /does not start with/);
  }
});

/** Text made of pieces that matter in paths. */
const targets = fc
  .array(
    fc.oneof(
      fc.constantFrom("/", "..", ".", "%2e", "%2F", "%5c", "%00", "%", ";", "//", "?", "#", "%25"),
      fc.string({ unit: "binary-ascii", maxLength: 3 }),
      fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, "0")}`),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => `/${pieces.join("")}`);

test("canonicalisePath() of a canonical path is the same path", () => {
  fc.assert(
    fc.property(targets, (target) => {
      const found = canonicalisePath(target);
      if (found.problem !== undefined) return;
      assert.deepEqual(canonicalisePath(found.path), { path: found.path, query: "" });
    }),
    { numRuns: 2000 },
  );
});

test("canonicalisePath() gives nothing that decodes to a separator, a dot segment or a control", () => {
  fc.assert(
    fc.property(targets, (target) => {
      const found = canonicalisePath(target);
      if (found.problem !== undefined) return;
      assert.match(found.path, /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*$/);
      for (const segment of found.path.split("/")) {
        const bytes = Buffer.from(
          segment.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
            String.fromCharCode(Number.parseInt(hex, 16)),
          ),
          "latin1",
        );
        assert.ok(!bytes.some((byte) => byte < 0x20 || byte === 0x2f || byte === 0x5c));
        assert.ok(!/^\.\.?(?:;.*)?$/.test(bytes.toString("latin1")), segment);
      }
    }),
    { numRuns: 2000 },
  );
});

test("canonicalisePath() agrees with URL on paths both take", () => {
  fc.assert(
    fc.property(fc.webPath(), (webPath) => {
      const target = webPath === "" ? "/" : webPath;
      const found = canonicalisePath(target);
      if (found.problem !== undefined) return;
      const byUrl = decodeURIComponent(new URL(`http://h${target}`).pathname);
      assert.equal(decodeURIComponent(found.path), byUrl);
    }),
  );
});

test("maskQuery() masks values of secret-looking parameters and nothing else", () => {
  assert.equal(
    maskQuery("page=1&api_key=abc&access_token=t&Password=p&sort=key&monkey=george&x"),
    "page=1&api_key=***&access_token=***&Password=***&sort=key&monkey=george&x",
  );
  assert.equal(maskQuery("%61pi%5Fkey=abc&client.secret=x=y"), "%61pi%5Fkey=***&client.secret=***");
  assert.equal(
    maskQuery("X-Amz-Signature=abc&sig=1&session_id=2"),
    "X-Amz-Signature=***&sig=***&session_id=***",
  );
  assert.equal(maskQuery(""), "");
  assert.equal(maskQuery("%zz=1"), "%zz=1");
});

test("maskQuery() cuts what is too long to show", () => {
  const masked = maskQuery(`q=${"a".repeat(5000)}`);
  assert.equal(masked.length, 1024);
  assert.ok(masked.endsWith("…"));
});
