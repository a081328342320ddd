// Namespaces over stores that refuse to write, as on a full disk: what stops, what runs on.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { VolatileCommunicationStore } from "./communication/index.ts";
import { nextTurn, noComponentLog } from "./core/index.ts";
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
  /** Reads of the past end in an error, as one that takes too long does. */
  slow = false;
  readonly kept: (readonly string[])[] = [];
  /** Writes wait for it. */
  gate: Promise<void> = Promise.resolve();

  override async append(...batch: Parameters<VolatileSeriesStore["append"]>): Promise<void> {
    await this.gate;
    if (this.full) throw new StorageError("storage.disk_full", "the disk is full");
    await super.append(...batch);
  }

  override async groupedMinutes(...query: Parameters<VolatileSeriesStore["groupedMinutes"]>) {
    if (this.slow) throw new StorageError("storage.query_too_slow", "stopped after 5000 ms");
    return super.groupedMinutes(...query);
  }

  async deleteOtherNamespaces(kept: readonly string[]): Promise<void> {
    this.kept.push(kept);
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

/** Alerts that cannot be read while the store is broken. */
class BreakableAlertStore extends VolatileAlertStore {
  broken = false;

  override async alerts(...query: Parameters<VolatileAlertStore["alerts"]>) {
    if (this.broken) throw new StorageError("storage.file_gone", "the ledger is gone");
    return super.alerts(...query);
  }
}

/** Remembers which namespaces were taken out. */
class WatchedDataPlane extends InProcessDataPlane {
  readonly removed: string[] = [];

  override async remove(namespace: string): Promise<void> {
    this.removed.push(namespace);
    await super.remove(namespace);
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
  const plane = new WatchedDataPlane();
  const alerts = new BreakableAlertStore();
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
        alerts,
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
  return { ledger, series, alerts, plane, identities, exchanges, token };
}

test("Exchanges.start() has what belongs to no namespace forgotten, once all run", async (t) => {
  const { series, exchanges } = await startExchanges(t);
  assert.ok(exchanges.hasStarted);
  assert.deepEqual(series.kept, [["default"]]);
});

/** Keeps the events of a log. */
function listeningLog() {
  const events: string[] = [];
  const note = (event: string): void => void events.push(event);
  return { events, log: { debug: note, info: note, warn: note, error: note } };
}

const HOUR_MS = 3_600_000;

test("Exchange.start() brings a day of costs back in the background, each once", async (t) => {
  const { exchanges } = await startExchanges(t);
  const before = exchanges.get("fleet") ?? assert.fail("the namespace runs");
  const nowMs = Date.now();
  for (const hours of [0, 1, 5, 23, 30]) {
    const atMs = nowMs - hours * HOUR_MS;
    before.tracker.record({ metric: "cost_usd", value: 2 ** hours, agentId: "w1", atMs });
  }
  await exchanges.put("fleet", { dashboard: {} });
  const after = exchanges.get("fleet") ?? assert.fail("the namespace runs");
  // Recorded for an hour that is not read yet: found there, and counted only once.
  const late = { metric: "cost_usd", value: 0.5, agentId: "w1", atMs: nowMs - 20 * HOUR_MS };
  after.tracker.record(late);
  await after.costHistory.done();
  const sum = after.dashboard.costs.since("w1", nowMs - 24 * HOUR_MS);
  assert.equal(sum, 1 + 2 + 32 + 2 ** 23 + 0.5);
});

test("Exchange.start() starts although the costs of the past cannot be read", async (t) => {
  const { events, log } = listeningLog();
  const { series, exchanges } = await startExchanges(t, log);
  exchanges.get("fleet")?.tracker.recordMetric("cost_usd", 1, "w1");
  series.slow = true;
  await exchanges.put("fleet", { dashboard: {} });
  const fleet = exchanges.get("fleet") ?? assert.fail("the namespace runs");
  await fleet.costHistory.done();
  assert.ok(events.includes("exchange.costs_unread"));
  assert.equal((await fleet.communication.getAgentInfo("w1"))?.id, "w1");
});

test("SeriesHealth says once that the store fails, and counts what is lost", async (t) => {
  const { events, log } = listeningLog();
  const { series, exchanges } = await startExchanges(t, log);
  const fleet = exchanges.get("fleet") ?? assert.fail("the namespace runs");
  assert.equal(exchanges.seriesTrouble(), undefined);
  series.full = true;
  for (let flush = 0; flush < 3; flush++) {
    fleet.tracker.recordMetric("load", 1, "w1");
    await assert.rejects(fleet.tracker.flush());
  }
  assert.equal(events.filter((event) => event === "tracker.store_failing").length, 1);
  assert.match(exchanges.seriesTrouble() ?? "", /^fleet: the disk is full, 3 writes failed/);
  series.full = false;
  await fleet.tracker.flush();
  fleet.seriesHealth.measure();
  fleet.seriesHealth.measure();
  assert.equal(events.filter((event) => event === "tracker.store_recovered").length, 1);
  const failures = await fleet.tracker.getMetricSummary("series_write_failures");
  assert.equal(failures?.sum, 3);
  assert.equal(exchanges.seriesTrouble(), "fleet: 3 writes failed");
});

const UNAVAILABLE = { code: "server.namespace_unavailable", retryable: true };

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

test("Exchanges.get() turns away, to be tried again, while a namespace is started anew", async (t) => {
  const { series, exchanges } = await startExchanges(t);
  const old = exchanges.get("fleet") ?? assert.fail("it runs");
  const { id } = old.dashboard.addAlert("error", "the disk is full", "cron");
  const { promise, resolve } = Promise.withResolvers<void>();
  series.gate = promise; // the old one cannot finish
  const changed = exchanges.put("fleet", { communication: { heartbeatInterval: 2 } });
  try {
    const runs = (): boolean => exchanges.all().some(({ name }) => name === "fleet");
    for (let turn = 0; turn < 100 && runs(); turn++) await nextTurn();
    assert.throws(() => exchanges.get("fleet"), UNAVAILABLE);
    assert.ok(exchanges.get("default"), "others run");
    // A request that came before has the old one in its hands.
    const stopped = { code: "dashboard.stopped", retryable: true };
    await assert.rejects(old.dashboard.acknowledgeAlert(id, { owner: "ana" }), stopped);
    assert.throws(() => old.dashboard.addAlert("error", "lost", "cron"), stopped);
    await assert.rejects(old.dashboard.sendTestNotification(), stopped);
  } finally {
    resolve();
  }
  await changed;
  const fleet = exchanges.get("fleet") ?? assert.fail("it runs again");
  await fleet.dashboard.acknowledgeAlert(id, { owner: "ana" });
  const [alert, ...others] = await fleet.dashboard.getAlerts({ rule: "manual" });
  assert.deepEqual([alert?.id, alert?.acknowledged?.owner, others.length], [id, "ana", 0]);
});

test("Exchanges.put() leaves what it does not change as it is and running", async (t) => {
  const { exchanges } = await startExchanges(t);
  const config = { communication: { heartbeatInterval: 2 } };
  await exchanges.put("fleet", config);
  const fleet = exchanges.get("fleet");
  for (const same of [undefined, config]) {
    const { record, created } = await exchanges.put("fleet", same);
    assert.deepEqual([record.config, created], [config, false]);
    assert.equal(exchanges.get("fleet"), fleet, "it was not started anew");
  }
  await exchanges.put("fleet", {});
  assert.equal(exchanges.get("fleet")?.heartbeatIntervalMs, 30_000);
});

test("Exchanges.put() stops what could not be started whole, and may be tried again", async (t) => {
  const { alerts, plane, exchanges } = await startExchanges(t);
  alerts.broken = true;
  const config = { communication: { heartbeatInterval: 2 } };
  await assert.rejects(exchanges.put("fleet", config), { code: "storage.file_gone" });
  assert.deepEqual(plane.removed, ["fleet", "fleet"], "the old one and the half-started one");
  assert.throws(() => exchanges.get("fleet"), UNAVAILABLE);
  alerts.broken = false;
  await exchanges.put("fleet", config);
  assert.equal((await exchanges.get("fleet")?.communication.getAgentInfo("w1"))?.id, "w1");
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
  assert.throws(() => exchanges.get("broken"), UNAVAILABLE);
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
