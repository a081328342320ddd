import assert from "node:assert/strict";
import { test } from "node:test";

import { GatewayError } from "./errors.ts";
import { serviceOf } from "./service-store-contract.ts";
import {
  pathTemplate,
  publicPathsOf,
  refuseClash,
  routesOf,
  versionDefaults,
} from "./service-paths.ts";

function refused(code: string, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };
}

test("pathTemplate() brings literals into the form that paths are matched in", () => {
  assert.equal(pathTemplate("/users/:id/posts", "v1"), "/users/:id/posts");
  assert.equal(pathTemplate("/%75sers/a|b/**", "v1"), "/users/a%7Cb/**");
  assert.equal(pathTemplate("/", "v1"), "/");
  assert.equal(pathTemplate("/**", "v1"), "/**");
});

test("pathTemplate() refuses what is no template, in words", () => {
  const cases: [unknown, RegExp][] = [
    ["users", /does not start with/],
    [7, /does not start with/],
    ["/users/", /empty segment/],
    ["/a//b", /empty segment/],
    ["/users/:", /no parameter/],
    ["/users/:a-b", /no parameter/],
    ["/users/*", /write :name/],
    ["/a/**/b", /write :name/],
    ["/a/../b", /\.\. segment/],
    ["/a/.", /\. segment/],
    ["/a%2fb", /encoded slash/],
    ["/a?b=c", /query/],
    ["/a?", /query/],
    ["/a#b", /fragment/],
    ["/v1/users", /write "\/users"/],
    ["/v1", /write "\/\*\*"/],
    [`/${"a".repeat(600)}`, /601 characters/],
  ];
  for (const [template, words] of cases) {
    assert.throws(
      () => pathTemplate(template, "v1"),
      refused("gateway.service_invalid", words),
      String(template),
    );
  }
});

test("routesOf() claims /<version>/<id>/** without paths, and strips it", () => {
  assert.deepEqual(routesOf(serviceOf()), [
    { template: "/v1/user_service/**", strip: "/v1/user_service" },
  ]);
  assert.deepEqual(routesOf(serviceOf({ rewrite: "version" })), [
    { template: "/v1/user_service/**", strip: "/v1" },
  ]);
});

test("routesOf() strips what the rewrite says from declared paths", () => {
  const paths = ["/users/:id", "/files/**", "/"];
  assert.deepEqual(routesOf(serviceOf({ paths, rewrite: "version" })), [
    { template: "/v1/users/:id", strip: "/v1" },
    { template: "/v1/files/**", strip: "/v1" },
    { template: "/v1", strip: "/v1" },
  ]);
  assert.deepEqual(
    routesOf(serviceOf({ paths, rewrite: "prefix" })).map((route) => route.strip),
    ["/v1/users", "/v1/files", "/v1"],
  );
  assert.deepEqual(
    routesOf(serviceOf({ paths, rewrite: "none" })).map((route) => route.strip),
    ["", "", ""],
  );
});

test("versionDefaults() are the first of each version without paths", () => {
  const services = [
    serviceOf({ id: "declares", paths: ["/x"], position: 1 }),
    serviceOf({ id: "second", position: 3 }),
    serviceOf({ id: "first", position: 2 }),
    serviceOf({ id: "other", version: "v2", position: 4 }),
  ];
  assert.deepEqual([...versionDefaults(services)].sort(), ["first", "other"]);
  assert.deepEqual(publicPathsOf(serviceOf(), true), ["/v1/user_service/**", "/v1/**"]);
  assert.deepEqual(publicPathsOf(serviceOf(), false), ["/v1/user_service/**"]);
});

test("refuseClash() names both services that claim the same paths", () => {
  const users = serviceOf({ id: "users", paths: ["/users/:id", "/files/**"] });
  const people = serviceOf({ id: "people", paths: ["/users/:name"] });
  assert.throws(
    () => refuseClash(people, [users]),
    refused(
      "gateway.paths_clash",
      /"people" \("\/v1\/users\/:name"\) and "users" \("\/v1\/users\/:id"\)/,
    ),
  );
  const byDefault = serviceOf({ id: "files" });
  assert.throws(() => refuseClash(byDefault, [users]), refused("gateway.paths_clash", /"users"/));
});

test("refuseClash() lets paths overlap where one is more exact, and versions differ", () => {
  const users = serviceOf({ id: "users", paths: ["/users/:id", "/users/**"] });
  refuseClash(serviceOf({ id: "me", paths: ["/users/me", "/users/:id/posts"] }), [users]);
  refuseClash(serviceOf({ id: "v2", version: "v2", paths: ["/users/:id"] }), [users]);
  refuseClash(users, [users]);
});

test("refuseClash() refuses a service that claims a path twice", () => {
  const twice = serviceOf({ paths: ["/users/:id", "/users/:name"] });
  assert.throws(() => refuseClash(twice, []), refused("gateway.service_invalid", /twice/));
});
