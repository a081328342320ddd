import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { GatewayError } from "./errors.ts";
import type { ServiceRecord } from "./model.ts";
import type { ServicePatch, ServiceRegistration } from "./requests.ts";
import { ServiceRegistry } from "./service-registry.ts";
import type { RegistryChange } from "./service-registry.ts";
import { VolatileServiceStore } from "./volatile-service-store.ts";

/** A store that refuses to write while it is told to. */
class FailingStore extends VolatileServiceStore {
  fails = false;

  override async putService(record: ServiceRecord): Promise<void> {
    if (this.fails) throw new Error("disk full");
    await super.putService(record);
  }

  override async deleteService(namespace: string, serviceId: string): Promise<void> {
    if (this.fails) throw new Error("disk full");
    await super.deleteService(namespace, serviceId);
  }
}

interface Fixture {
  readonly registry: ServiceRegistry;
  readonly store: FailingStore;
  readonly clock: ManualClock;
  readonly changes: RegistryChange[];
}

function open(store = new FailingStore(), maxServices = 100): Fixture {
  const clock = new ManualClock();
  const changes: RegistryChange[] = [];
  const registry = new ServiceRegistry({
    namespace: "default",
    store,
    clock,
    maxServices,
    ownPorts: () => new Set([2356]),
    onChange: (change) => changes.push(change),
  });
  return { registry, store, clock, changes };
}

function users(fields: Partial<ServiceRegistration> = {}): ServiceRegistration {
  return { id: "users", baseUrl: "http://127.0.0.1:8001/", ...fields };
}

function code(wanted: string, words = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof GatewayError, String(error));
    assert.equal(error.code, wanted);
    assert.match(error.message, words);
    return true;
  };
}

describe("ServiceRegistry.register()", () => {
  test("fills in defaults, stores, then tells", async () => {
    const { registry, store, clock, changes } = open();
    const record = await registry.register(users());
    assert.deepEqual(record, {
      namespace: "default",
      id: "users",
      name: "users",
      version: "v1",
      endpoints: [{ baseUrl: "http://127.0.0.1:8001", weight: 1 }],
      paths: [],
      rewrite: "prefix",
      healthCheckUrl: null,
      rateLimit: null,
      agentRateLimit: null,
      requestTimeoutMs: null,
      retries: 1,
      credential: null,
      metadata: {},
      registeredAtMs: clock.now(),
      position: 1,
    });
    assert.deepEqual(await store.services("default"), [record]);
    assert.deepEqual(changes, [{ serviceId: "users", before: null, after: record }]);
  });

  test("of a known id replaces it in its place", async () => {
    const { registry, clock } = open();
    const first = await registry.register(users());
    await registry.register({ id: "orders", baseUrl: "http://127.0.0.1:8002" });
    clock.advance(1000);
    const again = await registry.register(users({ name: "Users", version: "v2" }));
    assert.equal(again.position, first.position);
    assert.equal(again.registeredAtMs, first.registeredAtMs);
    assert.deepEqual(
      registry.all().map((record) => record.id),
      ["users", "orders"],
    );
  });

  test("refuses each field that cannot be used, and changes nothing", async () => {
    const { registry, changes } = open();
    const cases: [Partial<Record<keyof ServiceRegistration, unknown>>, string, RegExp][] = [
      [{ id: "" }, "gateway.service_invalid", /is empty/],
      [{ id: "a/b" }, "gateway.service_invalid", /letters, digits/],
      [{ version: "v 1" }, "gateway.service_invalid", /version/],
      [{ name: " " }, "gateway.service_invalid", /name/],
      [{ baseUrl: undefined }, "gateway.service_invalid", /needs a base URL/],
      [{ baseUrl: undefined, endpoints: [] }, "gateway.service_invalid", /needs a base URL/],
      [{ endpoints: ["http://h"] }, "gateway.service_invalid", /both given/],
      [{ baseUrl: "ftp://h" }, "gateway.url_invalid", /scheme ftp/],
      [
        { baseUrl: undefined, endpoints: ["http://h", "http://h/"] },
        "gateway.service_invalid",
        /same base URL/,
      ],
      [
        { baseUrl: undefined, endpoints: [{ baseUrl: "http://h", weight: -1 }] },
        "gateway.service_invalid",
        /weight is -1/,
      ],
      [
        { baseUrl: undefined, endpoints: [{ baseUrl: "http://h", weight: 0 }] },
        "gateway.service_invalid",
        /weights are 0/,
      ],
      [{ paths: ["users"] }, "gateway.service_invalid", /start with/],
      [{ paths: "users" }, "gateway.service_invalid", /list/],
      [{ rewrite: "all" }, "gateway.service_invalid", /rewrite/],
      [{ healthCheckUrl: "health" }, "gateway.url_invalid", /health check/],
      [{ rateLimit: { requestsPerMinute: -1 } }, "gateway.limit_invalid", /-1/],
      [{ rateLimit: { requestsPerMinute: 5, burst: 0 } }, "gateway.limit_invalid", /burst/],
      [{ agentRateLimit: 5 }, "gateway.service_invalid", /object/],
      [{ requestTimeoutMs: 0 }, "gateway.service_invalid", /requestTimeoutMs/],
      [{ retries: 9 }, "gateway.service_invalid", /retries/],
      [{ credential: { header: "a b", value: "x" } }, "gateway.service_invalid", /header/],
      [{ credential: { header: "Host", value: "x" } }, "gateway.service_invalid", /cannot be host/],
      [{ credential: { header: "a", value: "x\r\ny: z" } }, "gateway.service_invalid", /value/],
      [{ metadata: [] }, "gateway.service_invalid", /object/],
      [{ metadata: { a: "x".repeat(70_000) } }, "gateway.service_invalid", /bytes/],
    ];
    for (const [fields, wanted, words] of cases) {
      const given: object = { ...users(), ...fields };
      await assert.rejects(
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- callers without types
        registry.register(given as ServiceRegistration),
        code(wanted, words),
        JSON.stringify(fields),
      );
    }
    assert.deepEqual(changes, []);
    assert.equal(registry.size, 0);
  });

  test("refuses base and health check URLs that lead back to the gateway", async () => {
    const { registry } = open();
    const own = "http://localhost:2356/v1/users";
    await assert.rejects(registry.register(users({ baseUrl: own })), code("gateway.loop_detected"));
    const checked = users({ healthCheckUrl: "http://[::1]:2356/health" });
    await assert.rejects(registry.register(checked), code("gateway.loop_detected", /::1/));
  });

  test("gives paths asked for at the same time to the first, and names both to the other", async () => {
    const { registry } = open();
    const first = registry.register(users({ paths: ["/users/:id"] }));
    const other = registry.register(users({ id: "people", paths: ["/users/:name"] }));
    await assert.rejects(other, code("gateway.paths_clash", /"people".*"users"/));
    assert.equal((await first).id, "users");
  });

  test("refuses more services than there may be, but replaces", async () => {
    const { registry } = open(new FailingStore(), 1);
    await registry.register(users());
    await assert.rejects(registry.register(users({ id: "b" })), code("gateway.services_full"));
    await registry.register(users({ name: "again" }));
  });

  test("that cannot be stored did not happen", async () => {
    const { registry, store, changes } = open();
    store.fails = true;
    await assert.rejects(registry.register(users()), code("gateway.store_failed", /disk full/));
    assert.equal(registry.get("users"), undefined);
    assert.deepEqual(changes, []);
    store.fails = false;
    assert.equal((await registry.register(users())).position, 1);
  });
});

describe("ServiceRegistry.update()", () => {
  const full: ServiceRegistration = {
    id: "users",
    name: "Users",
    endpoints: [{ baseUrl: "http://127.0.0.1:8001", weight: 2 }, "http://127.0.0.1:8002"],
    paths: ["/users/:id"],
    healthCheckUrl: "/health",
    rateLimit: { requestsPerMinute: 100, burst: 20 },
    requestTimeoutMs: 500,
    credential: { header: "X-Key", value: "${USERS_KEY}" },
    metadata: { team: "blue" },
  };

  test("changes what is given and keeps the rest", async () => {
    const { registry } = open();
    const before = await registry.register(full);
    const after = await registry.update("users", { name: "People", retries: 3 });
    assert.deepEqual(after, { ...before, name: "People", retries: 3 });
  });

  test("takes fields back to their defaults with null", async () => {
    const { registry } = open();
    await registry.register(full);
    const cleared: ServicePatch = {
      name: null,
      paths: null,
      healthCheckUrl: null,
      rateLimit: null,
      requestTimeoutMs: null,
      credential: null,
      metadata: null,
    };
    const after = await registry.update("users", cleared);
    assert.equal(after.name, "users");
    assert.deepEqual(after.paths, []);
    assert.equal(after.rewrite, "prefix");
    assert.equal(after.healthCheckUrl, null);
    assert.equal(after.rateLimit, null);
    assert.equal(after.credential, null);
    assert.deepEqual(after.metadata, {});
    assert.equal(after.endpoints.length, 2);
  });

  test("keeps a rewrite that was chosen when the paths change", async () => {
    const { registry } = open();
    await registry.register(users({ rewrite: "none" }));
    assert.equal((await registry.update("users", { paths: ["/x"] })).rewrite, "none");
  });

  test("takes a masked credential for the one that is known, and for nothing else", async () => {
    const { registry } = open();
    await registry.register(full);
    const masked = { header: "x-key", value: "***" };
    const after = await registry.update("users", { credential: masked });
    assert.deepEqual(after.credential, { header: "x-key", value: "${USERS_KEY}" });
    const other = { credential: { header: "x-other", value: "***" } };
    await assert.rejects(
      registry.update("users", other),
      code("gateway.service_invalid", /masked/),
    );
  });

  test("of an unknown service names those like it", async () => {
    const { registry } = open();
    await registry.register(users());
    await assert.rejects(
      registry.update("user", { name: "x" }),
      code("gateway.service_unknown", /there is "users"/),
    );
  });
});

describe("ServiceRegistry.limit()", () => {
  test("is in force before it is stored, and undone when it cannot be", async () => {
    const { registry, store, changes } = open();
    await registry.register(users());
    changes.length = 0;
    store.fails = true;
    const limit = { requestsPerMinute: 60, burst: 2 };
    await assert.rejects(registry.limit("users", "service", limit), code("gateway.store_failed"));
    assert.deepEqual(
      changes.map((change) => change.after?.rateLimit),
      [limit, null],
    );
    assert.equal(registry.get("users")?.rateLimit, null);
  });

  test("sets and lifts the service's and the agents' limit apart from each other", async () => {
    const { registry } = open();
    await registry.register(users());
    const limit = { requestsPerMinute: 60, burst: 2 };
    await registry.limit("users", "service", limit);
    await registry.limit("users", "agent", { ...limit, burst: 1 });
    const lifted = await registry.limit("users", "service", null);
    assert.equal(lifted.rateLimit, null);
    assert.equal(lifted.agentRateLimit?.burst, 1);
  });
});

test("ServiceRegistry.unregister() frees the paths, and says whether there was anything", async () => {
  const { registry, changes } = open();
  await registry.register(users({ paths: ["/users"] }));
  assert.equal(await registry.unregister("users"), true);
  assert.equal(await registry.unregister("users"), false);
  assert.equal(changes.at(-1)?.after, null);
  await registry.register(users({ id: "people", paths: ["/users"] }));
});

test("ServiceRegistry.load() goes on where an earlier run left off", async () => {
  const store = new FailingStore();
  const first = open(store).registry;
  await first.register(users());
  await first.register(users({ id: "orders" }));
  await first.unregister("users");
  const { registry } = open(store);
  await registry.load();
  assert.equal((await registry.register(users())).position, 3);
  assert.deepEqual(
    registry.all().map((record) => record.id),
    ["orders", "users"],
  );
});
