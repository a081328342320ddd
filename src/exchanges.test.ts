// Namespaces over stores that refuse to write, as on a full disk: what stops, what runs on.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { VolatileCommunicationStore } from "./communication/index.ts";
import { noComponentLog } from "./core/index.ts";
import type { ComponentLog, JsonObject } from "./core/index.ts";
import { EventNumbers, VolatileAlertStore, VolatileFeedStore } from "./dashboard/index.ts";
import { Exchanges } from "./exchanges.ts";
import { InProcessDataPlane, VolatileCallStore, VolatileServiceStore } from "./gateway/index.ts";
import {
  inlineConversion,
  ProfileSampler,
  SystemProbe,
  VolatileProfileStore,
} from "./profiler/index.ts";
import { AuditLog, IdentityService, VolatileSecurityStore } from "./security/index.ts";
import { StorageError } from "./storage/index.ts";
import { VolatileSeriesStore } from "./tracker/index.ts";

/** A series store on a disk that can be full. */
class LimitedSeriesStore extends VolatileSeriesStore {
  full = false;

  override async append(...batch: Parameters<VolatileSeriesStore["append"]>): Promise<void> {
    if (this.full) throw new StorageError("storage.disk_full", "the disk is full");
    await super.append(...batch);
  }
}

/** A ledger on a disk that can be full. */
class LimitedLedger extends VolatileSecurityStore {
  full = false;

  override async deleteNamespace(namespace: string): Promise<void> {
    if (this.full) throw new StorageError("storage.disk_full", "the disk is full");
    await super.deleteNamespace(namespace);
  }
}

async function startExchanges(
  t: TestContext,
  log: ComponentLog = noComponentLog,
  dashboard: JsonObject = {},
) {
  const ledger = new LimitedLedger();
  const series = new LimitedSeriesStore();
  const identities = new IdentityService({}, { store: ledger });
  const plane = new InProcessDataPlane();
  t.after(() => plane.close());
  const probe = new SystemProbe();
  t.after(() => probe[Symbol.dispose]());
  const exchanges = new Exchanges(
    { ledger, series },
    identities,
    {
      stores: {
        communication: new VolatileCommunicationStore(100),
        services: new VolatileServiceStore(),
        alerts: new VolatileAlertStore(),
        feed: new VolatileFeedStore(),
        series,
        calls: new VolatileCallStore(),
        profiles: new VolatileProfileStore(),
      },
      eventNumbers: new EventNumbers(0),
      plane,
      probe,
      sampler: new ProfileSampler(),
      conversion: inlineConversion,
      audit: new AuditLog({ store: ledger }),
      log,
    },
    { communication: {}, gateway: {}, tracker: {}, profiler: {}, dashboard },
    () => undefined,
  );
  await exchanges.start();
  t.after(() => exchanges.stop());
  await exchanges.put("fleet", {});
  const fleet = exchanges.get("fleet") ?? assert.fail("the namespace runs");
  await fleet.communication.registerAgent({ agentId: "w1" });
  fleet.tracker.recordMetric("load", 1, "w1");
  const { token } = await identities.createEnrolment("fleet");
  return { ledger, series, identities, exchanges, token };
}

test("Exchanges.delete() deletes although the last samples cannot be written", async (t) => {
  const { series, exchanges } = await startExchanges(t);
  series.full = true;
  await exchanges.delete("fleet");
  assert.equal(exchanges.get("fleet"), undefined);
  assert.ok(!(await exchanges.records()).some((record) => record.name === "fleet"));
});

test("Exchanges.delete() leaves a namespace running that the disk does not let go", async (t) => {
  const { ledger, identities, exchanges, token } = await startExchanges(t);
  ledger.full = true;
  await assert.rejects(exchanges.delete("fleet"), { code: "storage.disk_full" });
  const agent = await exchanges.get("fleet")?.communication.getAgentInfo("w1");
  assert.equal(agent?.id, "w1");
  assert.equal(identities.authenticate(token).principal.namespace, "fleet");
  ledger.full = false;
  await exchanges.delete("fleet");
  assert.throws(() => identities.authenticate(token), { code: "security.key_unknown" });
});

test("Exchange lets go of the series of agents that are removed", async (t) => {
  const { exchanges } = await startExchanges(t);
  const fleet = exchanges.get("fleet") ?? assert.fail("the namespace runs");
  const before = fleet.tracker.agents();
  await fleet.communication.registerAgent({ agentId: "w2" });
  fleet.tracker.recordMetric("load", 1, "w2");
  await fleet.communication.unregisterAgent("w2");
  assert.deepEqual(fleet.tracker.agents(), before);
  assert.deepEqual(before, ["w1"]);
  const { agents } = await fleet.tracker.getSummaries({ metric: "load" });
  assert.deepEqual(agents, ["w1", "w2"], "what it measured stays");
});

test("Exchanges.put() gives other options although the last samples cannot be written", async (t) => {
  const { series, exchanges } = await startExchanges(t);
  series.full = true;
  await exchanges.put("fleet", { communication: { heartbeatInterval: 2 } });
  const fleet = exchanges.get("fleet");
  assert.equal(fleet?.heartbeatIntervalMs, 2000);
  assert.equal((await fleet?.communication.getAgentInfo("w1"))?.id, "w1");
});

test("Exchanges.put() refuses what is no component or no options, by name", async (t) => {
  const { exchanges } = await startExchanges(t);
  const wrong: [JsonObject, RegExp][] = [
    [{ communication: 5 }, /"communication" holds options by name/],
    [{ constructor: {} }, /"constructor" is no option/],
    [{ comunication: {} }, /did you mean communication/],
    [{ communication: { heartbeat: 1 } }, /"communication\.heartbeat" is no option/],
  ];
  for (const [config, message] of wrong) {
    await assert.rejects(exchanges.put("fleet", config), { code: "server.input_invalid", message });
  }
  assert.equal(exchanges.get("fleet")?.heartbeatIntervalMs, 30_000);
});

test("Exchanges.start() leaves out a namespace that cannot start, and starts the others", async (t) => {
  const failed: unknown[] = [];
  const log: ComponentLog = {
    ...noComponentLog,
    error: (event, details) => failed.push([event, details?.["namespace"]]),
  };
  const { ledger, exchanges } = await startExchanges(t, log);
  await exchanges.stop();
  const webhookUrl = "http://ana:50%off@127.0.0.1:9/";
  const config = { dashboard: { webhookUrl } };
  await ledger.putNamespace({ name: "broken", createdAtMs: 1, config });
  await exchanges.start();
  assert.equal(exchanges.get("broken"), undefined);
  const broken = (await exchanges.states()).find(({ name }) => name === "broken");
  assert.deepEqual(broken, { name: "broken", isWell: undefined });
  assert.notEqual(exchanges.get("default"), undefined);
  assert.notEqual(exchanges.get("fleet"), undefined);
  assert.deepEqual(failed, [["exchanges.start_failed", "broken"]]);
  await exchanges.put("broken", {});
  assert.notEqual(exchanges.get("broken"), undefined);
});

test("Exchanges lets a namespace ping only a watcher of its own", async (t) => {
  const asked: string[] = [];
  const watcher = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end();
  });
  await once(watcher.listen(0, "127.0.0.1"), "listening");
  t.after(() => watcher.close());
  const address = watcher.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const url = `http://127.0.0.1:${port}`;
  const inherited = { deadManUrl: `${url}/server`, deadManInterval: 1, refreshInterval: 0.1 };
  const { exchanges } = await startExchanges(t, noComponentLog, inherited);
  await exchanges.put("own", { dashboard: { deadManUrl: `${url}/own` } });
  while (asked.length < 2) await once(watcher, "request");
  assert.deepEqual(new Set(asked), new Set(["/own"]));
  assert.deepEqual(
    (await exchanges.states()).toSorted((a, b) => a.name.localeCompare(b.name)),
    ["default", "fleet", "own"].map((name) => ({ name, isWell: true })),
  );
});
