import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { NamespacePlan, ServicePlan } from "./data-plane.ts";
import { RouteTable } from "./route-table.ts";

function servicePlan(
  id: string,
  templates: readonly string[],
  fields: Partial<ServicePlan> = {},
): ServicePlan {
  return {
    id,
    version: "v1",
    routes: templates.map((template) => ({ template, strip: "/v1" })),
    isVersionDefault: false,
    rewrite: "version",
    endpoints: [],
    rateLimit: null,
    agentRateLimit: null,
    requestTimeoutMs: 1000,
    retries: 0,
    credential: null,
    ...fields,
  };
}

function tableOf(...services: readonly ServicePlan[]): RouteTable {
  const plan: NamespacePlan = {
    namespace: "default",
    revision: 1,
    services,
    held: {},
    slowCallMs: 1000,
    anonymous: true,
  };
  return new RouteTable(plan);
}

function found(table: RouteTable, path: string): string | undefined {
  const match = table.match(path);
  return match && `${match.service.id} ${match.route.template}`;
}

test("RouteTable.match() prefers a literal to a parameter, and a parameter to the rest", () => {
  const table = tableOf(
    servicePlan("rest", ["/v1/users/**"]),
    servicePlan("parameter", ["/v1/users/:id"]),
    servicePlan("literal", ["/v1/users/me"]),
  );
  assert.equal(found(table, "/v1/users/me"), "literal /v1/users/me");
  assert.equal(found(table, "/v1/users/7"), "parameter /v1/users/:id");
  assert.equal(found(table, "/v1/users/7/posts"), "rest /v1/users/**");
  assert.equal(found(table, "/v1/users"), "rest /v1/users/**");
  assert.equal(found(table, "/v1/users/"), "rest /v1/users/**");
  assert.equal(found(table, "/v1/other"), undefined);
  assert.equal(found(table, "/v2/users/me"), undefined);
  assert.equal(found(table, "/"), undefined);
});

test("RouteTable.match() goes back to the next choice when the first one leads nowhere", () => {
  const table = tableOf(
    servicePlan("a", ["/v1/users/me/settings", "/v1/:kind/:id/posts"]),
    servicePlan("b", ["/v1/**"]),
  );
  assert.equal(found(table, "/v1/users/me/settings"), "a /v1/users/me/settings");
  assert.equal(found(table, "/v1/users/me/posts"), "a /v1/:kind/:id/posts");
  assert.equal(found(table, "/v1/users/me/other"), "b /v1/**");
  assert.equal(found(table, "/v1/users/me"), "b /v1/**");
});

test("RouteTable.match() needs a parameter's segment to hold something", () => {
  const table = tableOf(servicePlan("a", ["/v1/users/:id", "/v1/users/:id/posts"]));
  assert.equal(found(table, "/v1/users/"), undefined);
  assert.equal(found(table, "/v1/users//posts"), undefined);
  assert.equal(found(table, "/v1/users/7/"), undefined);
});

test("RouteTable.match() gives a version's default what nobody else claims", () => {
  const table = tableOf(
    servicePlan("users", ["/v1/users_service/**"], { isVersionDefault: true, rewrite: "prefix" }),
    servicePlan("orders", ["/v1/orders/**"]),
    servicePlan("beta", ["/beta/beta/**"], { version: "beta" }),
  );
  assert.equal(found(table, "/v1/users"), "users /v1/**");
  assert.equal(found(table, "/v1"), "users /v1/**");
  assert.equal(found(table, "/v1/orders/1"), "orders /v1/orders/**");
  assert.equal(found(table, "/beta/users"), undefined);
  assert.equal(table.match("/v1/users/7")?.upstreamPath, "/users/7");
});

test("RouteTable.match() lets a service that claims the whole version have it", () => {
  const table = tableOf(
    servicePlan("first", ["/v1/first/**"], { isVersionDefault: true }),
    servicePlan("all", ["/v1/**"]),
  );
  assert.equal(found(table, "/v1/anything"), "all /v1/**");
});

test("RouteTable.match() strips the prefix from the path and never makes a host of the rest", () => {
  const prefix = servicePlan("users", [], {
    routes: [{ template: "/v1/users/**", strip: "/v1/users" }],
  });
  const table = tableOf(
    prefix,
    servicePlan("none", [], { routes: [{ template: "/v1/raw/**", strip: "" }] }),
  );
  assert.equal(table.match("/v1/users/7/a%20b")?.upstreamPath, "/7/a%20b");
  assert.equal(table.match("/v1/users")?.upstreamPath, "/");
  assert.equal(table.match("/v1/users/")?.upstreamPath, "/");
  assert.equal(table.match("/v1/users//evil.example/x")?.upstreamPath, "/evil.example/x");
  assert.equal(table.match("/v1/raw/x")?.upstreamPath, "/v1/raw/x");
});

test("RouteTable.match() is not led astray by names of object members", () => {
  const table = tableOf(servicePlan("a", ["/v1/constructor"]));
  assert.equal(found(table, "/v1/__proto__"), undefined);
  assert.equal(found(table, "/v1/constructor"), "a /v1/constructor");
});

const RANKS: Readonly<Record<string, number>> = { literal: 0, parameter: 1, rest: 2 };

/** How well a template's segments fit a path's, as a text that sorts; undefined when not. */
function fit(template: string, path: string): string | undefined {
  const wanted = template.slice(1).split("/");
  const given = path.slice(1).split("/");
  let ranks = "";
  for (const [index, segment] of wanted.entries()) {
    if (segment === "**") return `${ranks}${RANKS["rest"]}`;
    const actual = given[index];
    if (actual === undefined) return undefined;
    const isParameter = segment.startsWith(":");
    if (isParameter ? actual === "" : segment !== actual) return undefined;
    ranks += isParameter ? RANKS["parameter"] : RANKS["literal"];
  }
  return wanted.length === given.length ? ranks : undefined;
}

test("RouteTable.match() agrees with trying every template", () => {
  const segment = fc.constantFrom("a", "b", "c", ":x");
  const templates = fc.uniqueArray(
    fc
      .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([segments, rest]) => `/v1/${segments.join("/")}${rest ? "/**" : ""}`),
    { maxLength: 20 },
  );
  const paths = fc
    .array(fc.constantFrom("a", "b", "c", "d", ""), { maxLength: 6 })
    .map((segments) => `/v1/${segments.join("/")}`);
  fc.assert(
    fc.property(templates, fc.array(paths, { maxLength: 20 }), (known, asked) => {
      const table = tableOf(servicePlan("a", known));
      for (const path of asked) {
        const fitting = known
          .map((template) => ({ template, ranks: fit(template, path) }))
          .filter((entry) => entry.ranks !== undefined)
          .sort((one, other) => ((one.ranks ?? "") < (other.ranks ?? "") ? -1 : 1));
        assert.equal(table.match(path)?.route.template, fitting[0]?.template, path);
      }
    }),
    { numRuns: 500 },
  );
});
