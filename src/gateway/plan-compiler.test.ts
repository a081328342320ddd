import assert from "node:assert/strict";
import { test } from "node:test";

import type { ServicePlan } from "./data-plane.ts";
import { compilePlan } from "./plan-compiler.ts";
import type { MadePlans, PlanParts } from "./plan-compiler.ts";
import { serviceOf } from "./service-store-contract.ts";

const PARTS: PlanParts = {
  namespace: "default",
  revision: 7,
  settings: { requestTimeoutMs: 30_000, slowCallMs: 5000 },
  anonymous: false,
  held: { rogue: "quarantined" },
  environment: { USERS_KEY: "secret\n", EMPTY: "" },
  isUsable: (_, baseUrl) => baseUrl !== "http://sick",
};

test("compilePlan() puts together routes, health, limits and timeouts", () => {
  const endpoints = [
    { baseUrl: "http://well", weight: 2 },
    { baseUrl: "http://sick", weight: 1 },
  ];
  const rateLimit = { requestsPerMinute: 100, burst: 20 };
  const plan = compilePlan(
    [
      serviceOf({ id: "users", endpoints, rateLimit, retries: 2 }),
      serviceOf({ id: "orders", paths: ["/orders"], requestTimeoutMs: 100, position: 2 }),
    ],
    PARTS,
  );
  assert.deepEqual(plan, {
    namespace: "default",
    revision: 7,
    held: { rogue: "quarantined" },
    slowCallMs: 5000,
    anonymous: false,
    services: [
      {
        id: "users",
        version: "v1",
        routes: [{ template: "/v1/users/**", strip: "/v1/users" }],
        isVersionDefault: true,
        rewrite: "prefix",
        endpoints: [
          { baseUrl: "http://well", weight: 2, healthy: true },
          { baseUrl: "http://sick", weight: 1, healthy: false },
        ],
        rateLimit,
        agentRateLimit: null,
        requestTimeoutMs: 30_000,
        retries: 2,
        credential: null,
      },
      {
        id: "orders",
        version: "v1",
        routes: [{ template: "/v1/orders", strip: "/v1/orders" }],
        isVersionDefault: false,
        rewrite: "prefix",
        endpoints: [{ baseUrl: "http://localhost:8001", weight: 1, healthy: true }],
        rateLimit: null,
        agentRateLimit: null,
        requestTimeoutMs: 100,
        retries: 1,
        credential: null,
      },
    ],
  });
});

function compiled(value: string): ServicePlan | undefined {
  const service = serviceOf({ credential: { header: "authorization", value } });
  return compilePlan([service], PARTS).services[0];
}

test("compilePlan() fills a credential from the environment, or says what is missing", () => {
  assert.equal(compiled("Bearer ${USERS_KEY}")?.credential?.value, "Bearer secret");
  assert.equal(compiled("a literal $ {x}")?.credential?.value, "a literal $ {x}");
  for (const name of ["UNSET", "EMPTY", "__proto__"]) {
    const plan = compiled(`Bearer \${${name}}`);
    assert.equal(plan?.credential, null);
    assert.equal(plan?.credentialMissing, name);
  }
});

test("compilePlan() makes the same object of a service whose plan is the same again", () => {
  const services = [
    serviceOf({ id: "users", endpoints: [{ baseUrl: "http://a", weight: 1 }] }),
    serviceOf({
      id: "orders",
      credential: { header: "x-key", value: "${USERS_KEY}" },
      position: 2,
    }),
  ];
  const made: MadePlans = new WeakMap();
  const plansWith = (changes: Partial<PlanParts> = {}, records = services) =>
    compilePlan(records, { ...PARTS, ...changes }, made).services;
  const [users, orders] = plansWith();
  assert.deepEqual(plansWith({ revision: 8 }), [users, orders]);
  assert.equal(plansWith()[0], users);
  assert.equal(plansWith()[1], orders);
  const [sick, same] = plansWith({ isUsable: (id) => id !== "users" });
  assert.equal(sick?.endpoints[0]?.healthy, false);
  assert.equal(same, orders);
  assert.equal(plansWith({ environment: { USERS_KEY: "new" } })[1]?.credential?.value, "new");
  assert.equal(plansWith({ environment: {} })[1]?.credentialMissing, "USERS_KEY");
  // Without the one before it, it is its version's default.
  const [, second] = services;
  assert.ok(second !== undefined);
  assert.equal(plansWith({}, [second])[0]?.isVersionDefault, true);
});
